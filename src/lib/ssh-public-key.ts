/** Bytes of a point on each curve, uncompressed. */
const pointBytes: Readonly<Record<string, number>> = { nistp256: 65, nistp384: 97, nistp521: 133 };
const minRsaBits = 2_048;
const maxRsaBits = 16_384;

/** Whether a text is one public key as OpenSSH writes it: `type base64 [comment]`, of a kind that is safe today. */
export function isSshPublicKey(text: string): boolean {
  const [, type = '', base64 = ''] = /^([a-z0-9-]+) +([A-Za-z0-9+/]+={0,2})( [^\r\n\0]*)?$/.exec(text) ?? [];
  const fields = fieldsOf(Buffer.from(base64, 'base64'));
  if (fields === undefined || fields[0]?.toString('latin1') !== type) return false;
  const [, first, second] = fields;
  if (type === 'ssh-ed25519') return fields.length === 2 && first?.length === 32;
  if (type === 'ssh-rsa') return fields.length === 3 && second !== undefined && isFitModulus(second);
  const [, curve = ''] = /^ecdsa-sha2-(nistp(?:256|384|521))$/.exec(type) ?? [];
  return fields.length === 3 && first?.toString('latin1') === curve && second?.length === pointBytes[curve];
}

function isFitModulus(number: Buffer): boolean {
  const bits = BigInt(`0x0${number.toString('hex')}`).toString(2).length;
  return number.length <= maxRsaBits / 8 + 1 && bits >= minRsaBits && bits <= maxRsaBits;
}

/** Strings with their length before them (RFC 4251, section 5); undefined where they don't fill the bytes. */
function fieldsOf(bytes: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < 4 || fields.length > 3) return undefined;
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return undefined;
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return fields;
}
