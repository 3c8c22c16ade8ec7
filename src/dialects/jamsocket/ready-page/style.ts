/** Still when motion is not wanted. */
export const style = `
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
@keyframes turn { to { transform: rotate(1turn); } }
@media (prefers-reduced-motion: reduce) { .mark { animation: none; } }
h2 { font-size: .95rem; margin: 1.5rem 0 .5rem; text-align: left; }
.steps { display: flex; justify-content: center; gap: .5rem; list-style: none; padding: 0; margin: 0 0 1.5rem; }
.steps[hidden] { display: none; }
.steps li { padding: .15rem .8rem; border: 1px solid var(--line); border-radius: 99px; color: var(--soft); font-size: .875rem; }
.steps li.now { border-color: var(--accent); color: var(--accent); font-weight: 600; }
pre { margin: 0; padding: .75rem 1rem; background: var(--back); border: 1px solid var(--line); border-radius: 8px;
  overflow: auto; max-height: 20rem; text-align: left; }
`;
