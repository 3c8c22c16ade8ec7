/** Light and dark by the reader's preference; no external parts; still when motion is not wanted. */
export const style = `
:root { color-scheme: light dark; --ink: light-dark(#16202b, #e8eef4); --soft: light-dark(#5b6b7b, #93a4b5);
  --line: light-dark(#dde5ec, #2a3744); --paper: light-dark(#ffffff, #17212b); --back: light-dark(#f2f6f9, #0e151c);
  --accent: light-dark(#0b6bcb, #5cb0ff); --bad: light-dark(#b3261e, #ff8a80); }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; grid-template-columns: minmax(0, 1fr); place-items: center; padding: 1.5rem; background: var(--back);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { width: min(34rem, 100%); background: var(--paper); border: 1px solid var(--line); border-radius: 14px;
  padding: 2rem; text-align: center; }
.service { margin: 0 0 1.25rem; color: var(--soft); letter-spacing: .02em; }
.mark { width: 3rem; height: 3rem; margin: 0 auto 1rem; border-radius: 50%; border: 4px solid var(--line);
  border-top-color: var(--accent); animation: turn 1s linear infinite; }
.mark[data-state=over], .mark[data-state=done] { animation: none; border-color: var(--soft); position: relative; }
.mark[data-state=failed] { animation: none; border-color: var(--bad); position: relative; }
.mark[data-state]::after { position: absolute; inset: 0; display: grid; place-items: center; font-weight: 700;
  font-size: 1.25rem; }
.mark[data-state=failed]::after { content: "!"; color: var(--bad); }
.mark[data-state=over]::after { content: "\\2013"; color: var(--soft); }
.mark[data-state=done] { border-color: var(--accent); }
.mark[data-state=done]::after { content: "\\2713"; color: var(--accent); }
.hint { margin: 0 0 1.25rem; color: var(--soft); }
main > :last-child { margin-bottom: 0; }
@keyframes turn { to { transform: rotate(1turn); } }
@media (prefers-reduced-motion: reduce) { .mark { animation: none; } }
h1 { font-size: 1.35rem; margin: 0 0 1.25rem; text-wrap: balance; }
h2 { font-size: .95rem; margin: 1.5rem 0 .5rem; text-align: left; }
.steps { display: flex; justify-content: center; gap: .5rem; list-style: none; padding: 0; margin: 0 0 1.5rem; }
.steps[hidden] { display: none; }
.steps li { padding: .15rem .8rem; border: 1px solid var(--line); border-radius: 99px; color: var(--soft); font-size: .875rem; }
.steps li.now { border-color: var(--accent); color: var(--accent); font-weight: 600; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .35rem 1rem; margin: 0; padding-top: 1.25rem;
  border-top: 1px solid var(--line); text-align: left; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font: .875rem/1.5 ui-monospace, monospace; }
pre { margin: 0; padding: .75rem 1rem; background: var(--back); border: 1px solid var(--line); border-radius: 8px;
  overflow: auto; max-height: 20rem; text-align: left; }
a { color: var(--accent); }
`;
