export type { LogEntry } from '../logs/logs.ts';
export {
  ConnectError,
  type ListeningPort,
  type ResourceLimits,
  type WorkloadStats,
} from '../runtime/runtime.ts';
export type {
  AccessRule,
  Backend,
  IdentityField,
  InstanceOptions,
  QueueTarget,
  SandboxCheckpoint,
  SandboxServiceDefinition,
  SandboxTask,
  Service,
  StatusEntry,
  WorkspaceDeployment,
  WorkspaceInstance,
} from '../store/store.ts';
export type { Spawned } from './backends/backends.ts';
export type { MountRequest } from './backends/mount-request.ts';
export type { NewService } from './backends/services.ts';
export { defaultEnvironment } from './backends/services.ts';
export type { SpawnRequest } from './backends/spawn-request.ts';
export { Engine, type EngineParts } from './engine.ts';
export { defaultEngineLimits, type EngineLimits } from './limits.ts';
export type { FileChange } from './sandboxes/file-watch/file-change.ts';
export { root as rootActor } from './sandboxes/files/actor.ts';
export type { FileEntry } from './sandboxes/files/file-entry.ts';
export { FileError, type FileErrorCode } from './sandboxes/files/file-error.ts';
export { PosixFiles } from './sandboxes/files/posix-files.ts';
export type { SandboxFiles } from './sandboxes/files/sandbox-files.ts';
export { privateVolume, type SandboxLayout } from './sandboxes/layout.ts';
export { type LimitFacts, SandboxLimitError } from './sandboxes/limit-error.ts';
export { defaultSandboxLimits, type SandboxLimits } from './sandboxes/limits.ts';
export type { LiveSandbox, SandboxStatus, SandboxUse } from './sandboxes/live-sandbox.ts';
export type { Resident } from './sandboxes/resident.ts';
export { isSandboxName, type NewSandboxRequest } from './sandboxes/sandbox-request.ts';
export type { SandboxCounts, SandboxHealth } from './sandboxes/sandboxes.ts';
export { defaultServicesLimits, type ServicesLimits } from './sandboxes/services/limits.ts';
export type { PortState } from './sandboxes/services/requested-port.ts';
export { ServiceError, type ServiceErrorCode } from './sandboxes/services/service-error.ts';
export type { ServiceEvent } from './sandboxes/services/service-events.ts';
export type { ServiceRequest, ServiceView } from './sandboxes/services/services.ts';
export type { OutputPiece } from './sandboxes/sessions/scrollback.ts';
export type { Session, SessionClient } from './sandboxes/sessions/session.ts';
export type { SessionRequest } from './sandboxes/sessions/sessions.ts';
export { longestTaskMs } from './sandboxes/tasks/tasks.ts';
export { type RestartPolicy, SupervisionError, type SupervisionErrorCode } from './supervision/index.ts';
export {
  type EndReason,
  isEnding,
  type StopKind,
  statusOrder,
  type WorkloadStatus,
} from './workloads/status.ts';
export type { AccessGateway, AccessTerms, WayIn } from './workspaces/access-gateway.ts';
export { anonymousCallers, everybody } from './workspaces/access-policy.ts';
export type { AdmissionRequest, RefusalReason } from './workspaces/admission.ts';
export { isTypeName } from './workspaces/deployments.ts';
export type { OutgoingEvent, SendEvent } from './workspaces/event-delivery.ts';
export type { Verdict } from './workspaces/firewall.ts';
export { imageName, parseImageName } from './workspaces/image-name.ts';
export type { InstanceStatus } from './workspaces/instance-status.ts';
export type { InstanceView } from './workspaces/instances.ts';
export type { WorkspaceLayout } from './workspaces/layout.ts';
export { defaultWorkspaceLimits, type WorkspaceLimits } from './workspaces/limits.ts';
export type { BlockedReason } from './workspaces/outlook.ts';
export type { DeploymentView, Onlooker } from './workspaces/overview.ts';
export type { AdmissionOutcome, ReservationView } from './workspaces/queue.ts';
