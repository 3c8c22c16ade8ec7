import { type Command, InvalidArgumentError } from 'commander';
import { environmentPair } from '../../parse.ts';

/** How an image is run, where its base does not say so, or says otherwise. */
export interface ImageOptions {
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workdir?: string;
  readonly user?: string;
}

export function withImageOptions(command: Command): Command {
  return command
    .option('-c, --command <command>', 'what it runs: words, or a JSON array of them; no shell', commandWords)
    .option('-e, --env <KEY=value>', 'a variable (repeatable)', environmentPair)
    .option('-w, --workdir <folder>', 'the folder that the command starts in', absoluteFolder)
    .option('-u, --user <user>', 'a user of the image, by name or number');
}

/** Words between blanks; quotes hold a word together. Or a JSON array. */
export function commandWords(text: string): string[] {
  const words = text.trimStart().startsWith('[') ? jsonWords(text) : plainWords(text);
  if (words !== undefined && words.length > 0 && words[0] !== '') return words;
  throw new InvalidArgumentError('It must be words, with quotes in pairs, or a JSON array of strings.');
}

function jsonWords(text: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every(item => typeof item === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}

function plainWords(text: string): string[] | undefined {
  const word = /^(?:[^\s"']|"[^"]*"|'[^']*')+/;
  const words: string[] = [];
  for (let rest = text.trim(); rest !== ''; rest = rest.trimStart()) {
    const found = word.exec(rest)?.[0];
    if (found === undefined) return undefined;
    words.push(
      found.replaceAll(
        /"([^"]*)"|'([^']*)'/g,
        (_, double?: string, single?: string) => double ?? single ?? '',
      ),
    );
    rest = rest.slice(found.length);
  }
  return words;
}

export function absoluteFolder(text: string): string {
  if (text.startsWith('/') && !text.split('/').includes('..') && !text.includes('\0')) return text;
  throw new InvalidArgumentError('It must be an absolute path without "..".');
}
