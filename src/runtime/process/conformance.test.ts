import { runtimeConformance } from '../conformance.ts';

runtimeConformance('process', new URL('./conformance-subject.ts', import.meta.url), {
  survivesServer: false,
  limitsMemory: false,
  mounts: false,
});
