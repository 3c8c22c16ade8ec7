/** What is wrong with a layer, in words for the owner of the image. */
export class LayerError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LayerError';
  }
}

/** A name of the archive, for a message. */
export function shown(name: string): string {
  return JSON.stringify(Buffer.from(name.slice(0, 200), 'latin1').toString('utf8'));
}
