/** Characters that a POSIX shell takes as they are. */
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** An argument list as one would type it: each argument bare where that is safe, else in single quotes. */
export function quoteArgv(argv: readonly string[]): string {
  return argv.map((arg, i) => (isSafe(arg, i) ? arg : `'${arg.replaceAll("'", "'\\''")}'`)).join(" ");
}

/** In front, `A=b` would set a variable where the list names a program. */
function isSafe(arg: string, position: number): boolean {
  return PLAIN.test(arg) && !(position === 0 && arg.includes("="));
}
