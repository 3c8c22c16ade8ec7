export type { LogEntry } from '../logs/logs.ts';
export type { ResourceLimits, WorkloadStats } from '../runtime/runtime.ts';
export type { Backend, IdentityField, Service, StatusEntry } from '../store/store.ts';
export type { Spawned } from './backends/backends.ts';
export type { MountRequest } from './backends/mount-request.ts';
export type { NewService } from './backends/services.ts';
export { defaultEnvironment } from './backends/services.ts';
export type { SpawnRequest } from './backends/spawn-request.ts';
export { Engine, type EngineParts } from './engine.ts';
export { defaultEngineLimits, type EngineLimits } from './limits.ts';
export {
  type EndReason,
  isEnding,
  type StopKind,
  statusOrder,
  type WorkloadStatus,
} from './workloads/status.ts';
