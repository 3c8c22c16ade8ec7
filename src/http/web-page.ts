import { randomBytes } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { escapeHtml, inlineJson } from './html.ts';

export interface WebPage {
  readonly title: string;
  /** HTML. */
  readonly main: string;
  /** More of the head, as HTML. */
  readonly head?: string;
  /** More CSS than the pages share. */
  readonly style?: string;
  readonly script?: PageScript;
  /** Pages that nobody could be led to click on something in. */
  readonly mayBeFramed?: boolean;
}

export interface PageScript {
  readonly code: string;
  /** Values that the code finds as constants, by name. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Origin of what it asks, such as `'self'`. */
  readonly connects: string;
}

/**
 * Answers with a page that has no external parts, is kept by nobody, and runs its own script only.
 */
export function sendPage(reply: FastifyReply, page: WebPage): FastifyReply {
  const nonce = randomBytes(16).toString('base64');
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    `connect-src ${page.script?.connects ?? "'none'"}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    ...(page.mayBeFramed ? [] : ["frame-ancestors 'none'"]),
  ];
  return reply
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex',
      'x-content-type-options': 'nosniff',
      ...(!page.mayBeFramed && { 'x-frame-options': 'DENY' }),
      'content-security-policy': policy.join('; '),
    })
    .send(render(page, nonce));
}

function render({ title, main, head = '', style = '', script }: WebPage, nonce: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="cache-control" content="no-store">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
${head}<style nonce="${nonce}">${sharedStyle}${style}</style>
</head>
<body><main>${main}${script === undefined ? '' : element(script, nonce)}</main></body>
</html>
`;
}

function element({ code, values }: PageScript, nonce: string): string {
  const constants = Object.entries(values).map(([name, value]) => `const ${name} = ${inlineJson(value)};\n`);
  return `<script nonce="${nonce}">${constants.join('')}${code}</script>`;
}

/** Light and dark by the reader's preference; a card in the middle that fits a phone. */
const sharedStyle = `
:root { color-scheme: light dark; --ink: light-dark(#16202b, #e8eef4); --soft: light-dark(#5b6b7b, #93a4b5);
  --line: light-dark(#dde5ec, #2a3744); --paper: light-dark(#ffffff, #17212b); --back: light-dark(#f2f6f9, #0e151c);
  --accent: light-dark(#0b6bcb, #5cb0ff); --bad: light-dark(#b3261e, #ff8a80); }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; grid-template-columns: minmax(0, 1fr); place-items: center; padding: 1.5rem; background: var(--back);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { width: min(34rem, 100%); background: var(--paper); border: 1px solid var(--line); border-radius: 14px;
  padding: 2rem; text-align: center; }
.hint { margin: 0 0 1.25rem; color: var(--soft); }
h1 { font-size: 1.35rem; margin: 0 0 1.25rem; text-wrap: balance; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .35rem 1rem; margin: 0; padding-top: 1.25rem;
  border-top: 1px solid var(--line); text-align: left; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font: .875rem/1.5 ui-monospace, monospace; }
a { color: var(--accent); }
main > :last-child { margin-bottom: 0; }
`;
