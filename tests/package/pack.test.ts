import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { chooseLauncher, nativeLauncherPath } from "../../src/worker/choose-launcher.ts";
import { NativeLauncher } from "../../src/worker/native-launcher.ts";
import { type Checkout, checkoutForFile, KEPT, type Packed, packIn } from "../support/checkout.ts";
import { HAS_NATIVE } from "../support/launchers.ts";
import { until } from "../support/queuectl.ts";
import { kill } from "../support/worker-processes.ts";

/** It is linked into itself, and is most of the package. */
const NATIVE = nativeLauncherPath("dist");

/** Everything that is published; a trailing slash means what is below. */
const PUBLISHED = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "dist/THIRD-PARTY-NOTICES.txt",
  "dist/index-yaml.mjs",
  "dist/index.mjs",
  ...(HAS_NATIVE ? [NATIVE] : []),
  "dist/queuectl-rest.cjs",
  "dist/queuectl-yaml.cjs",
  "dist/queuectl.cjs",
  "dist/types/",
  "docs/reference/flow.schema.json",
  "package.json",
  "queuectl.js",
];

/** The whole, unpacked. More than this came in by mistake. */
const MOST_BYTES = 2_200_000;

/** What may stand in the published manifest. None of it installs anything, none of it runs anything. */
const PUBLISHED_FIELDS = [
  "name",
  "version",
  "description",
  "keywords",
  "license",
  "type",
  "bin",
  "files",
  "engines",
  "exports",
  "main",
  "types",
];

/** More than Linux gives. */
const NOBODY = 2 ** 22 + 1;

const built = checkoutForFile();
const manifestOf = ({ path }: Checkout) => readFileSync(join(path, "package.json"), "utf8");

/** For all that does not look into the tarball: another copy, whose build takes no time. */
const checkout = checkoutForFile();
const BEFORE = manifestOf(checkout).replace(/"build": ".*"/, '"build": "true"');
writeFileSync(join(checkout.path, "package.json"), BEFORE);

function expectRestored(of: Checkout = checkout, before: string = BEFORE): void {
  expect(manifestOf(of)).toBe(before);
  expect(existsSync(join(of.path, KEPT))).toBe(false);
}

describe("the tarball", () => {
  const before = manifestOf(built);
  let packed: Packed;
  beforeAll(async () => {
    packed = await packIn(built);
  });

  test("holds what a user needs and no more, and the checkout is as it was", () => {
    const { files, paths } = packed;
    expect(
      paths.filter(
        (path) => !PUBLISHED.some((one) => path === one || (one.endsWith("/") && path.startsWith(one))),
      ),
    ).toEqual([]);
    expect(PUBLISHED.filter((one) => !paths.some((path) => path === one || path.startsWith(one)))).toEqual(
      [],
    );
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    process.stdout.write(`${files.map(({ path, size }) => `${size} ${path}`).join("\n")}\n${bytes} in all\n`);
    expect(bytes).toBeLessThan(MOST_BYTES);
    expect(files.filter(({ mode }) => (mode & 0o111) !== 0).map(({ path }) => path)).toEqual([
      ...(HAS_NATIVE ? [NATIVE] : []),
      "queuectl.js",
    ]);
    expectRestored(built, before);
  });

  test.runIf(HAS_NATIVE)("brings a launcher that runs from where it was unpacked", async () => {
    await built.run(["tar", "xzf", packed.tarball, "-C", built.root]);
    const unpacked = join(built.root, "package/dist");
    expect(await chooseLauncher(unpacked, { QUEUECTL_LAUNCHER: "native" })).toBeInstanceOf(NativeLauncher);
  });

  test("installs no Node, no package, and runs no script", async () => {
    const { read } = packed;
    const manifest = JSON.parse(await read("package.json")) as Record<string, unknown>;
    expect(Object.keys(manifest).filter((field) => !PUBLISHED_FIELDS.includes(field))).toEqual([]);
    expect(manifest).toMatchObject({ bin: { queuectl: "queuectl.js" }, engines: { node: ">=24" } });
    const { scripts, devDependencies, optionalDependencies, ...kept } = JSON.parse(before);
    expect(manifest).toEqual(kept);
  });

  test("names no directory of the machine that it was made on, and has no source map", async () => {
    const { paths, read } = packed;
    for (const path of paths) {
      const text = await read(path);
      expect(text).not.toContain(built.root);
      // What the copy has of this checkout.
      expect(text).not.toContain(join(process.cwd(), "node_modules"));
      expect(text).not.toContain("sourceMappingURL");
    }
  });

  test("carries the licence of every package that is bundled", async () => {
    const { read } = packed;
    const notices = await read("dist/THIRD-PARTY-NOTICES.txt");
    expect(notices.match(/^\S+ \d+\.\d+\.\d+ \(.+\)$/gm)).toEqual([
      expect.stringMatching(/^croner [\d.]+ \(MIT\)$/),
      expect.stringMatching(/^get-east-asian-width [\d.]+ \(MIT\)$/),
      expect.stringMatching(/^yaml [\d.]+ \(ISC\)$/),
    ]);
    expect(notices).toContain("Permission is hereby granted, free of charge");
    expect(notices).not.toContain(built.root);
  });
});

describe("the checkout gets its manifest back", () => {
  test("when the tarball cannot be written", async () => {
    const { exitCode } = await checkout.run(["npm", "pack", "--pack-destination", "/no/such/place"]);
    expect(exitCode).not.toBe(0);
    await until(() => !existsSync(join(checkout.path, KEPT)), "the manifest to be restored");
    expectRestored();
  });

  test.each(["SIGINT", "SIGKILL"] as const)("when %s ends npm in the middle", async (signal) => {
    let npm = 0;
    const registry = await registryForTest((request) => {
      // Nothing is ever answered.
      if (request.method === "PUT") kill(npm, signal);
      return request.method === "PUT" ? undefined : 404;
    });
    const published = publish(registry.url, (pid) => {
      npm = pid;
    });
    expect(await published).not.toMatchObject({ exitCode: 0 });
    expect(registry.published()).toBeDefined();
    await until(() => !existsSync(join(checkout.path, KEPT)), "the manifest to be restored");
    expectRestored();
  });

  test("by hand, when the machine went down in the middle", async () => {
    const { scripts, devDependencies, optionalDependencies, ...published } = JSON.parse(BEFORE);
    writeFileSync(join(checkout.path, KEPT), JSON.stringify({ npmPid: NOBODY, manifest: BEFORE }));
    writeFileSync(join(checkout.path, "package.json"), `${JSON.stringify(published, null, 2)}\n`);
    await checkout.run(["node", "scripts/pack-manifest.ts", "restore"]);
    expectRestored();
  });

  test("from git too, and what was kept then is in nobody's way", async () => {
    writeFileSync(join(checkout.path, KEPT), JSON.stringify({ npmPid: NOBODY, manifest: BEFORE }));
    await packIn(checkout);
    expectRestored();
  });
});

test("one npm at a time packs a checkout", async () => {
  onTestFinished(() => rmSync(join(checkout.path, KEPT), { force: true }));
  writeFileSync(join(checkout.path, KEPT), JSON.stringify({ npmPid: process.pid, manifest: BEFORE }));
  const { exitCode, stderr } = await checkout.run(["npm", "pack"]);
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain(`npm (PID ${process.pid}) is packing this checkout. Wait for its end.`);
  expect(manifestOf(checkout)).toBe(BEFORE);
});

test("a manifest that was edited while npm packed is not overwritten", async () => {
  onTestFinished(() => {
    rmSync(join(checkout.path, KEPT), { force: true });
    writeFileSync(join(checkout.path, "package.json"), BEFORE);
  });
  writeFileSync(join(checkout.path, KEPT), JSON.stringify({ npmPid: 1, manifest: BEFORE }));
  writeFileSync(join(checkout.path, "package.json"), '{"name":"edited"}');
  const { exitCode, stderr } = await checkout.run(["node", "scripts/pack-manifest.ts", "restore"]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(KEPT);
  expect(manifestOf(checkout)).toBe('{"name":"edited"}');
});

test("what `npm publish` tells the registry installs and runs nothing either", async () => {
  const registry = await registryForTest((request) => (request.method === "PUT" ? 201 : 404));
  expect(await publish(registry.url)).toMatchObject({ exitCode: 0 });
  const { versions } = registry.published() as { versions: Record<string, Record<string, unknown>> };
  const [manifest] = Object.values(versions);
  expect(manifest).toMatchObject({ name: "queuectl", bin: { queuectl: "queuectl.js" } });
  for (const field of ["scripts", "dependencies", "devDependencies", "optionalDependencies"])
    expect(Object.keys(manifest?.[field] ?? {})).toEqual([]);
  await until(() => !existsSync(join(checkout.path, KEPT)), "the manifest to be restored");
  expectRestored();
});

/** A registry on this machine that answers with a status, or never. */
async function registryForTest(answer: (request: IncomingMessage) => number | undefined) {
  let published: unknown;
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const body = Buffer.concat(await request.toArray()).toString("utf8");
    if (request.method === "PUT") published = JSON.parse(body);
    const status = answer(request);
    if (status !== undefined) response.writeHead(status, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, published: () => published };
}

async function publish(registry: string, started?: (pid: number) => void) {
  const settings = [
    `--registry=${registry}`,
    `--${registry.replace("http:", "")}:_authToken=none`,
    "--offline=false",
  ];
  return await checkout.run(["npm", "publish", ...settings], started === undefined ? {} : { started });
}
