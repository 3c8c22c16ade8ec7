import type { Backend, IdentityField } from '../../store/store.ts';
import type { LiveWorkload } from '../workloads/workloads.ts';

/** The workload of a backend, with the variables that tell the program who it is. */
export function asWorkload(backend: Backend): LiveWorkload {
  const values: Record<IdentityField, string> = {
    id: backend.id,
    key: backend.key,
    'fencing-token': String(backend.fencingToken),
    service: backend.serviceName,
  };
  const env = { ...backend.plan.env };
  for (const [name, field] of Object.entries(backend.plan.identity ?? {})) env[name] = values[field];
  const { id, latest, imageDigest } = backend;
  return { id, latest, plan: { ...backend.plan, env }, ...(imageDigest !== undefined && { imageDigest }) };
}
