/** CSS of pages that ask for something. */
export const formStyle = `
main:has(form) { width: min(24rem, 100%); }
form { display: grid; gap: 1rem; text-align: left; }
label { display: grid; gap: .3rem; color: var(--soft); font-size: .875rem; }
input { font: inherit; width: 100%; padding: .6rem .75rem; color: var(--ink); background: var(--back);
  border: 1px solid var(--line); border-radius: 8px; }
button { font: inherit; font-weight: 600; padding: .65rem 1.25rem; border-radius: 8px; cursor: pointer;
  color: light-dark(#ffffff, #0e151c); background: var(--accent); border: 1px solid var(--accent); }
button.plain { color: var(--ink); background: transparent; border-color: var(--line); }
button:disabled { opacity: .55; cursor: default; }
:is(input, button):focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.choice { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
.choice + .problem { margin-top: 1rem; }
.choice button { flex: 1 1 8rem; }
.problem { margin: 0; color: var(--bad); }
.problem:empty { display: none; }
[hidden] { display: none !important; }
`;
