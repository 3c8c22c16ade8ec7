export type { AccountSummary } from './accounts.ts';
export {
  type BackendDetails,
  type BackendState,
  type BackendSummary,
  hasEnded,
  type LogOptions,
} from './backends.ts';
export { BerthClient, type Identity } from './client.ts';
export { ApiError, ConnectionError } from './errors.ts';
export type {
  ImageSummary,
  ImageUsage,
  PullEvent,
  PulledImage,
  PullRequest,
  RemovedImage,
} from './images.ts';
export type { UserSession } from './logins.ts';
export type { Blob, Manifest, RegistryRepository } from './registry.ts';
export type { NewService, SpawnRequest, SpawnResult } from './services.ts';
export type { Privileges, PrivilegesProfile, Resources, SpriteAllowance } from './sprites/allowances.ts';
export type { Checkpoint, CheckpointEvent } from './sprites/checkpoints.ts';
export type { ExecConnection, ExecEvent, TerminalSize } from './sprites/exec-connection.ts';
export type { SpriteFile, SpriteFiles } from './sprites/files.ts';
export type { NetworkRule } from './sprites/network-policy.ts';
export type { PortConnection, PortNews, SpritePort } from './sprites/ports.ts';
export type {
  RestartPolicy,
  ServiceDefinition,
  ServiceEvent,
  ServiceRecord,
  ServiceTimes,
} from './sprites/services.ts';
export type { ExecRequest, SessionSummary } from './sprites/sessions.ts';
export type { Sprite } from './sprites/sprite.ts';
export type { NewSprite, SpriteRecord, UrlAuth } from './sprites/sprites.ts';
export type { CreatedToken, NewToken, TokenSummary } from './tokens.ts';
export type { NewUser, Role, UserChange, UserSummary } from './users.ts';
export type { AccessRule, DeploymentSummary, NewDeployment } from './workspaces.ts';
