#!/usr/bin/env node
// Brings a fresh machine to the point where `npm start` and `npm test` can run: packages, a browser, and for the tests
// the real gateways. Plain Node without packages, since none may be there yet. It prints only what it does.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const OLDEST_NODE = [20, 19];

// The names that the command line looks for (src/cli/chromium/find.ts).
const BROWSERS = [
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'microsoft-edge-stable',
  'microsoft-edge',
];
const BROWSER_FILES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

const purpose = process.argv[2];
if (purpose !== 'start' && purpose !== 'test') fail('Use: node .ci/setup.mjs start|test');
checkNode();
installPackages();
installPrograms();

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  fail(
    `Node ${OLDEST_NODE.join('.')} or newer is needed; this is ${process.versions.node}. See https://nodejs.org.`,
  );
}

/** `npm ci` when the packages are missing or older than the lock file. npm writes its marker last. */
function installPackages() {
  const marker = join(ROOT, 'node_modules/.package-lock.json');
  if (changedAt(marker) >= changedAt(join(ROOT, 'package-lock.json'))) return;
  say('Installing packages (npm ci)');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: ROOT, stdio: 'inherit' })
    : spawnSync('npm', args, { cwd: ROOT, stdio: 'inherit', shell: process.platform === 'win32' });
  if (done.status !== 0) fail('npm ci failed; its messages are above.');
}

function installPrograms() {
  const wanted = [];
  const hasBrowser = process.env.STREAMGAUGE_BROWSER
    ? isExecutable(process.env.STREAMGAUGE_BROWSER)
    : BROWSERS.some(onPath) || BROWSER_FILES.some(isExecutable);
  if (process.env.STREAMGAUGE_BROWSER && !hasBrowser) {
    fail(`STREAMGAUGE_BROWSER names ${process.env.STREAMGAUGE_BROWSER}, which cannot be run.`);
  }
  if (!hasBrowser) wanted.push('chromium');
  if (purpose === 'test') {
    if (!onPath('nginx')) wanted.push('nginx-light');
    if (!onPath('haproxy')) wanted.push('haproxy');
  }
  if (wanted.length === 0) return;

  const apt = aptCommand();
  if (apt) {
    say(`Installing ${wanted.join(', ')} (apt-get)`);
    run(apt, ['update', '-qq']);
    for (const name of wanted) run(apt, ['install', '-y', '-qq', '--no-install-recommends', name]);
  }
  if (!hasBrowser && !BROWSERS.some(onPath)) {
    fail(
      'No Chromium, Chrome or Edge was found. Install one (Debian: apt-get install chromium), or name it in STREAMGAUGE_BROWSER.',
    );
  }
  if (purpose !== 'test') return;
  const missing = ['nginx', 'haproxy'].filter((name) => !onPath(name));
  if (missing.length === 0) return;
  const sentence = `${missing.join(' and ')} could not be installed: the tests on real gateways need them.`;
  if (process.env.CI === 'true') fail(sentence);
  say(`${sentence} They will be skipped by name.`);
}

/** How to call apt-get without being asked anything: as root, or by sudo that wants no password; null when neither. */
function aptCommand() {
  if (process.platform !== 'linux' || !onPath('apt-get')) return null;
  if (process.getuid?.() === 0) return ['apt-get'];
  if (!onPath('sudo') || spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status !== 0) return null;
  return ['sudo', '-n', '--preserve-env=DEBIAN_FRONTEND,RUNLEVEL', 'apt-get'];
}

/** Runs apt-get quietly; what it says is shown only when it fails. */
function run([command, ...first], args) {
  const done = spawnSync(command, [...first, ...args], {
    encoding: 'utf8',
    // RUNLEVEL=1 keeps Debian from starting the gateways as services: the lab runs its own.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
  if (done.status !== 0)
    say(`apt-get ${args.join(' ')} failed: ${lastLines(`${done.stdout}\n${done.stderr}`)}`);
}

function onPath(name) {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
    '/opt/homebrew/bin',
  ];
  return folders.filter(Boolean).some((folder) => isExecutable(join(folder, name)));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function changedAt(path) {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

function lastLines(text) {
  return text.trim().split('\n').slice(-4).join('\n');
}

function say(sentence) {
  process.stderr.write(`${sentence}\n`);
}

function fail(sentence) {
  say(sentence);
  process.exit(1);
}
