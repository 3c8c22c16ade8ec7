import { Option } from 'commander';

export function roleOption(description: string): Option {
  return new Option('--role <role>', description).choices(['super_admin', 'manage', 'viewer']);
}
