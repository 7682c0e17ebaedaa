import { describe, expect, test } from "vitest";
import { isSecretName, MASK, maskSecrets } from "./secrets.ts";

describe("the name of a variable", () => {
  test.each([
    "PASSWORD",
    "PGPASSWORD",
    "DB_PASSWD",
    "MYSQL_PWD",
    "SSH_PASSPHRASE",
    "SMTP_PASS",
    "GITHUB_TOKEN",
    "npm_config__authToken",
    "API_KEY",
    "apikey",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "PRIVATE_KEY",
    "STRIPE_KEY",
    "KEY",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AUTHORIZATION",
    "OAUTH",
    "BASIC_AUTH_USER",
    "SENTRY_DSN",
    "SESSION_COOKIE",
    "Client-Secret",
  ])("%s looks like a secret", (name) => {
    expect(isSecretName(name)).toBe(true);
  });

  test.each([
    "PATH",
    "HOME",
    "LANG",
    "MONKEY",
    "KEYBOARD",
    "COMPASS",
    "PWD",
    "OLDPWD",
    "GIT_AUTHOR_NAME",
    "BYPASS_CACHE",
    "",
  ])("%s does not", (name) => {
    expect(isSecretName(name)).toBe(false);
  });
});

test("secret values are masked, whatever their length, and all else is shown", () => {
  const env = { API_KEY: "k", EMPTY_TOKEN: "", LANG: "C", ["__proto__"]: "x" };
  expect(Object.entries(maskSecrets(env))).toEqual([
    ["API_KEY", MASK],
    ["EMPTY_TOKEN", MASK],
    ["LANG", "C"],
    ["__proto__", "x"],
  ]);
  expect(env.API_KEY).toBe("k");
});
