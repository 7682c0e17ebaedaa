/** True for the name of a store that is a server's address and not a file's path. */
export function isStoreUrl(name: string): boolean {
  return /^postgres(ql)?:\/\//.test(name);
}
