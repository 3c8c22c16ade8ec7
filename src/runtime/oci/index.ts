export { OciRuntime, type OciRuntimeOptions } from './oci-runtime.ts';
export { type OciProbe, probeOci } from './probe.ts';
