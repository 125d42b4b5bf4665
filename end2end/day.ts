// Days as the server counts them: the city's, whatever the clock of this machine is set to.

/** A day from today on: `2026-11-29`. */
export function day(later: number): string {
  return new Date(Date.now() + (8 * 60 + later * 24 * 60) * 60_000).toISOString().slice(0, 10);
}

export const today = day(0);

/** A day of the month so many from this one: its first, or another; day 0 is the last of the month before. */
export function month(later: number, which = 1): string {
  const [year, number] = today.split("-").map(Number) as [number, number, number];
  return new Date(Date.UTC(year, number - 1 + later, which)).toISOString().slice(0, 10);
}
