import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';

export function paint(enabled: boolean, style: Style | undefined, text: string): string {
  return enabled && style !== undefined ? styleText(style, text, { validateStream: false }) : text;
}

/** The colour of a backend's state. */
export function stateStyle(state: string): Style | undefined {
  if (state === 'Ready') return 'green';
  if (state === 'Loading' || state === 'Starting') return 'yellow';
  if (state === 'Exited' || state === 'Swept' || state === 'Terminated') return 'dim';
  return 'red';
}

/** The colour of a sprite's status. */
export function spriteStyle(status: string): Style | undefined {
  return status === 'running' ? 'green' : status === 'warm' ? 'yellow' : 'dim';
}
