/** Whether granted scopes (space-separated, or a list) cover `wanted`: each covers itself and everything below it. */
export function covers(granted: string | readonly string[], wanted: string): boolean {
  const list = typeof granted === 'string' ? granted.split(' ') : granted
  return list.some((held) => held !== '' && (wanted === held || wanted.startsWith(`${held}:`)))
}
