import { atMost, type Bench, ifHere, NotHere, type Row } from '../bench.ts';
import { Berth } from '../parts/berth.ts';
import { Docker } from '../parts/docker.ts';
import { firstAnswer } from '../parts/http.ts';
import { childrenOf, findProcesses, memoryBytes } from '../parts/process.ts';
import { tiny, workloadPort } from '../parts/programs.ts';
import { type Template, templateOf } from '../parts/template.ts';
import { temporaryFolder } from '../parts/temporary.ts';

const workloads = 50;
/** Docker needs more for each, so fewer tell as much. */
const containers = 20;
const mebibyte = 1024 * 1024;

export const memory: Bench = {
  name: 'memory',
  method:
    `What ${workloads} idle workloads add, beside their own memory: their conmons and the growth of the server, ` +
    `by their number. For Docker, ${containers} containers: their shims and the growth of dockerd and containerd. ` +
    'Resident memory, pages that are shared counted in part (PSS); without what the kernel needs for namespaces.',

  async run(cleanUp) {
    const folder = await temporaryFolder(cleanUp);
    const berth = await Berth.start(cleanUp);
    const program = await tiny(folder);
    await berth.createService(program);
    const template = await templateOf(berth, program.name, folder);
    const docker = await ifHere(Docker.start(cleanUp));

    const ofBerth = await growthOfBerth(berth, program.name);
    const mib = ofBerth / workloads / mebibyte;
    const row: Row = {
      what: 'memory of an idle workload, beside its own',
      berth: `${mib.toFixed(2)} MiB`,
      budget: atMost(4, mib, ' MiB'),
    };
    if (docker instanceof NotHere) return [row];
    const dockerMib = (await growthOfDocker(docker, template)) / containers / mebibyte;
    return [{ ...row, other: `Docker: ${dockerMib.toFixed(2)} MiB`, ratio: dockerMib / mib }];
  },
};

async function growthOfBerth(berth: Berth, service: string): Promise<number> {
  const server = [berth.pid, ...(await childrenOf(berth.pid))];
  const before = await sum(server);
  for (let count = 0; count < workloads; count++) await berth.visit(await berth.spawn(service));
  const conmons = await findProcesses('conmon', berth.dataDir);
  if (conmons.length !== workloads) throw new Error(`${conmons.length} conmons for ${workloads} workloads`);
  return (await sum(server)) - before + (await sum(conmons));
}

async function growthOfDocker(docker: Docker, template: Template): Promise<number> {
  await docker.importImage(template);
  const daemons = [docker.pid, ...(await findProcesses('containerd', docker.folder))];
  const before = await sum(daemons);
  for (let count = 0; count < containers; count++) {
    const id = await docker.create(template);
    await docker.start(id);
    await firstAnswer(await docker.address(id), workloadPort);
  }
  const shims = await findProcesses('containerd-shim-runc-v2', docker.folder);
  if (shims.length !== containers) throw new Error(`${shims.length} shims for ${containers} containers`);
  return (await sum(daemons)) - before + (await sum(shims));
}

async function sum(pids: readonly number[]): Promise<number> {
  let bytes = 0;
  for (const pid of pids) bytes += await memoryBytes(pid);
  return bytes;
}
