import { accessSync, constants } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const startTimeoutMs = 60_000;
const actionTimeoutMs = 15_000;

/** Why there is no browser on this machine; undefined where there is one. */
export function noBrowser(): string | undefined {
  try {
    accessSync(executablePath, constants.X_OK);
    return undefined;
  } catch {
    return `there is no ${executablePath} (Debian package chromium)`;
  }
}

/** A headless Chromium with a profile of its own, which goes with it. */
export async function startBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath, args, timeout: startTimeoutMs });
}

/** A page, and everything that it asked for or complained about. */
export class Visit {
  readonly page: Page;
  readonly requests: string[] = [];
  /** Errors and warnings of the browser's console, each with what it is about. */
  readonly complaints: { readonly text: string; readonly url: string }[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(actionTimeoutMs);
    page.on('request', request => this.requests.push(request.url()));
    page.on('pageerror', error => this.complaints.push({ text: error.message, url: page.url() }));
    page.on('console', message => {
      if (message.type() === 'log') return;
      this.complaints.push({ text: message.text(), url: message.location().url });
    });
  }

  /** An empty page in a profile of its own. */
  static async start(browser: Browser, options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await browser.newContext(options);
    return new Visit(await context.newPage());
  }

  async end(): Promise<void> {
    await this.page.context().close();
  }
}
