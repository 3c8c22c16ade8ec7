import { escapeHtml, formStyle, type WebPage } from '../../../http/index.ts';
import type { Attempt } from '../../../identity/index.ts';
import { decideScript } from './script.ts';

const style = `${formStyle}
.code { margin: 1rem 0; font: 700 2.75rem/1.2 ui-monospace, monospace; letter-spacing: .35em; text-indent: .35em; }
#decided { margin-top: 1.5rem; }
#decided:empty { display: none; }
`;

/** @param name of the person who looks at it */
export function decidePage(attempt: Attempt, name: string, csrfToken: string): WebPage {
  const { clientAddress, userAgent, userHost, state } = attempt;
  return {
    title: 'Log in a command line – Berth',
    style,
    main: `
<h1>Let this command line in?</h1>
<p class="hint">It will act as <strong>${escapeHtml(name)}</strong> (<a href="/login">not you?</a>). Approve it only if you have just
begun to log in on that machine yourself.</p>
<dl>
<dt>Address</dt><dd>${escapeHtml(clientAddress)}</dd>
<dt>Program</dt><dd>${escapeHtml(userAgent || 'unknown')}</dd>
<dt>Machine</dt><dd>${escapeHtml(userHost ?? 'unknown')}</dd>
</dl>
<noscript><p class="problem">This page needs JavaScript.</p></noscript>
<div id="choice" class="choice"${state === 'denied' ? ' hidden' : ''}>
<button id="approve">${state === 'approved' ? 'Show the code' : 'Approve'}</button>
<button id="deny" class="plain">Deny</button>
</div>
<p class="problem" role="alert"></p>
<div id="decided" role="status" aria-live="polite">${state === 'denied' ? 'It was denied.' : ''}</div>`,
    script: { code: decideScript, values: { csrfToken }, connects: "'self'" },
  };
}

export function notFoundPage(): WebPage {
  return {
    title: 'Berth',
    style: formStyle,
    main: `<h1>There is no such login</h1>
<p class="hint">It is over, or took too long. Begin again in the terminal.</p>`,
  };
}
