import { runtimeConformance } from '../conformance.ts';
import { probeOci } from './probe.ts';

const { missing } = await probeOci();

runtimeConformance('oci', new URL('./conformance-subject.ts', import.meta.url), {
  survivesServer: true,
  limitsMemory: true,
  mounts: true,
  skip: missing.length > 0 && missing.join('; '),
});
