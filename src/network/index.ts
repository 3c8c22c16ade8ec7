export type { Endpoint } from './endpoint.ts';
export { namespaceFolder } from './endpoint.ts';
export { instanceTag, Network, type NetworkOptions } from './network.ts';
export { workloadResolver } from './resolver.ts';
export { SshGateway, type Verdict } from './ssh/ssh-gateway.ts';
export { newHostKeys, publicKeyOf, type SshKeyPair } from './ssh/ssh-keys.ts';
export type { SshProcess, SshTarget } from './ssh/ssh-target.ts';
