/** Not `PWD`, which is a directory, and not the authors of a commit. */
const SECRET_NAME =
  /(secret|token|passw(or)?d|passphrase|api_?key|access_?key|private_?key|credential|auth(?!or(?!i[sz]))|dsn|cookie)|(^|_)(key|pass)$|_pwd$/i;

/** What stands in the place of a secret value. */
export const MASK = "********";

/** True for the name of a variable whose value nobody should see over a shoulder or in a ticket. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** The password in a URL, whatever the variable is called. */
const URL_PASSWORD = /(:\/\/[^\s:@/]*:)[^\s@/]+(?=@)/g;

/** The variables as they may be shown: secret-looking ones masked, and passwords in URLs. */
export function maskSecrets(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      isSecretName(name) ? MASK : value.replace(URL_PASSWORD, `$1${MASK}`),
    ]),
  );
}
