import { escapeHtml, type WebPage } from '../../../http/index.ts';
import { script } from './script.ts';
import { style } from './style.ts';

export interface ReadyPage {
  readonly backendId: string;
  readonly serviceName: string;
  /** Published status at the moment of rendering. */
  readonly state: string;
  readonly statusUrl: string;
  /** Where to go when it is ready; absent for who may not go there. */
  readonly target?: string;
  readonly end?: { readonly reason?: string; readonly exitCode?: number };
  /** Last lines of the log, for who may see them. */
  readonly log?: readonly string[];
}

export interface NoticePage {
  readonly notice: string;
  /** What a person can do about it. */
  readonly hint: string;
}

/** @returns a page without external parts */
export function readyPage(page: ReadyPage | NoticePage): WebPage {
  if ('notice' in page) {
    return {
      title: 'Berth',
      style,
      mayBeFramed: true,
      main: `<h1>${escapeHtml(page.notice)}</h1><p class="hint">${escapeHtml(page.hint)}</p>`,
    };
  }
  const { serviceName, state, target, statusUrl, end, log } = page;
  const shared = { state, statusUrl, target: target ?? null, showsLog: log !== undefined };
  return {
    title: `${serviceName} – ${state}`,
    head: refresh(page),
    style,
    mayBeFramed: true,
    main: body(page),
    ...(end === undefined && {
      script: { code: script, values: { page: shared, headlines }, connects: new URL(statusUrl).origin },
    }),
  };
}

/** Without script the page asks again until the end is known. */
function refresh({ end }: ReadyPage): string {
  return end === undefined ? '<noscript><meta http-equiv="refresh" content="2"></noscript>\n' : '';
}

function body(page: ReadyPage): string {
  const { backendId, serviceName, state, target, end, log } = page;
  return `
<p class="service">${escapeHtml(serviceName)}</p>
<div class="mark" data-state="${markOf(page)}" aria-hidden="true"></div>
<h1 role="status" aria-live="polite">${escapeHtml(headline(state))}</h1>
<p class="hint" id="hint"${isShut(page) ? '' : ' hidden'}>To open it, use the link with a token that its owner has.</p>
<ol class="steps" aria-hidden="true"${end ? ' hidden' : ''}>${['Loading', 'Starting', 'Ready']
    .map(step => `<li data-step="${step}"${step === state ? ' class="now"' : ''}>${step}</li>`)
    .join('')}</ol>
<dl>
<dt>Backend</dt><dd><code>${escapeHtml(backendId)}</code></dd>
<dt>Status</dt><dd id="state">${escapeHtml(state)}</dd>
${end?.reason === undefined ? '' : `<dt>Reason</dt><dd>${escapeHtml(reasons[end.reason] ?? end.reason)}</dd>`}
${end?.exitCode === undefined ? '' : `<dt>Exit code</dt><dd>${end.exitCode}</dd>`}
</dl>
${end && log?.length ? `<h2>Last lines of its log</h2><pre tabindex="0">${log.map(escapeHtml).join('\n')}</pre>` : ''}
${target && !end ? `<noscript><p><a href="${escapeHtml(target)}">Open it</a> once it is ready.</p></noscript>` : ''}`;
}

/** It is ready, but whoever looks at the page may not go there. */
function isShut({ state, target, end }: ReadyPage): boolean {
  return end === undefined && state === 'Ready' && target === undefined;
}

/** What the engine's reasons mean to a person. */
const reasons: Readonly<Record<string, string>> = {
  swept: 'nobody was connected, or its time was over',
  external: 'someone asked it to end',
  exited: 'its program ended by itself',
  failed: 'its program ended with an error',
  'start-timeout': 'nothing listened on its port in time',
  'image-error': 'its image is missing or broken',
  'start-error': 'its program could not be run',
  lost: 'it is gone, and nobody saw it end',
  internal: 'the server failed; its log has the cause',
};

/** What a status means to a person. */
const headlines: Readonly<Record<string, string>> = {
  Loading: 'Getting it ready…',
  Starting: 'Starting…',
  Ready: 'It is ready',
  Swept: 'It was put away because nobody was connected',
  Exited: 'It has finished',
  ErrorLoading: 'Its image could not be loaded',
  ErrorStarting: 'It could not be started',
  TimedOutBeforeReady: 'It did not get ready in time',
  Failed: 'It ended with an error',
  Terminated: 'It was ended',
  Lost: 'It was lost',
};

/** Ends that nobody has to look into. */
const calmEnds: ReadonlySet<string> = new Set(['Exited', 'Swept', 'Terminated']);

function markOf(page: ReadyPage): 'starting' | 'done' | 'over' | 'failed' {
  const { state, end } = page;
  if (end === undefined) return isShut(page) ? 'done' : 'starting';
  return calmEnds.has(state) ? 'over' : 'failed';
}

function headline(state: string): string {
  return headlines[state] ?? state;
}
