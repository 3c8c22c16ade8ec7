const [carriageReturn, newline] = [0x0d, 0x0a];

/**
 * Ends lines as a terminal does (`onlcr`) while the terminal itself does not: the OCI runtime switches that off in
 * the workload's terminal, because its own would do it.
 */
export class LineEnds {
  #last = 0;
  #isOn = true;

  /** From now on the terminal does it, or its program has reasons of its own. */
  switchOff(): void {
    this.#isOn = false;
  }

  readonly convert = (chunk: Buffer): Buffer => {
    if (!this.#isOn) return chunk;
    const converted = Buffer.allocUnsafe(2 * chunk.length);
    let length = 0;
    for (const byte of chunk) {
      if (byte === newline && this.#last !== carriageReturn) converted[length++] = carriageReturn;
      converted[length++] = byte;
      this.#last = byte;
    }
    return converted.subarray(0, length);
  };
}
