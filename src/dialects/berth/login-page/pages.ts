import { escapeHtml, formStyle, type WebPage } from '../../../http/index.ts';
import { loginScript, logoutScript } from './scripts.ts';

const needsScript = '<noscript><p class="problem">This page needs JavaScript.</p></noscript>';

/** @param next where to go when it has worked */
export function loginPage(next: string): WebPage {
  return {
    title: 'Log in – Berth',
    style: formStyle,
    main: `
<h1>Log in to Berth</h1>
${needsScript}
<form id="login">
<label>Name <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus maxlength="200"></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required maxlength="1024"></label>
<p class="problem" role="alert"></p>
<button>Log in</button>
</form>`,
    script: { code: loginScript, values: { next }, connects: "'self'" },
  };
}

export function loggedInPage(name: string, csrfToken: string): WebPage {
  return {
    title: `${name} – Berth`,
    style: formStyle,
    main: `
<h1>You are logged in as ${escapeHtml(name)}</h1>
${needsScript}
<form id="logout">
<p class="problem" role="alert"></p>
<button class="plain">Log out</button>
</form>`,
    script: { code: logoutScript, values: { csrfToken }, connects: "'self'" },
  };
}

/** Loads the same page again, by itself. */
export function onceMorePage(): WebPage {
  return {
    title: 'Berth',
    head: '<meta http-equiv="refresh" content="0">\n',
    main: '<p class="hint">One moment…</p>',
  };
}
