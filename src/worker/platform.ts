/**
 * What differs by platform when a command is run. Linux is what the tests run on; macOS takes the same branches where
 * /proc is not needed; the Windows branch has not been run anywhere yet.
 */
export function shellArgv(command: string): string[] {
  return process.platform === "win32"
    ? ["cmd.exe", "/d", "/s", "/c", `"${command}"`]
    : ["/bin/sh", "-c", command];
}
