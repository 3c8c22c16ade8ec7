export { type BackendStatus, type Echo, exchange, type SpawnResult, TestBackend } from './backend.ts';
export { type CommandResult, runBerth } from './command-line.ts';
export { allEvents, readEvents, type StreamedEvent } from './event-stream.ts';
export { eventually, within } from './eventually.ts';
export { Answer, assertRefused, open, type SendOptions, send } from './http.ts';
export { cannotRun, type RuntimeName } from './machine.ts';
export {
  type ApiRoute,
  fill,
  registryRoutes,
  rerobotsRoutes,
  routeName,
  v1Pages,
  v1Routes,
  v2Routes,
} from './routes.ts';
export { adminToken, berthProgram, type ServerOptions, TestServer } from './server.ts';
export {
  type Account,
  forEachRuntime,
  programs,
  type ServiceOptions,
  World,
  type WorldOptions,
} from './world.ts';
