/** `YYYY-MM-DD HH:MM:SS.ffffff` in UTC without a zone, always six digits: what clients parse. */
export function timestamp(time: Date): string {
  return `${time.toISOString().slice(0, -1).replace('T', ' ')}000`;
}

/** `YYYY-MM-DD HH:MM UTC`, for people. */
export function minuteStamp(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `YYYY-MM-DDTHH:MM:SS.ffffffZ`. */
export function zonedTimestamp(time: Date): string {
  return `${time.toISOString().slice(0, -1)}000Z`;
}
