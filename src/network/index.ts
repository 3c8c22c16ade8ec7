export type { Endpoint } from './endpoint.ts';
export { namespaceFolder } from './endpoint.ts';
export { instanceTag, Network, type NetworkOptions } from './network.ts';
export { workloadResolver } from './resolver.ts';
