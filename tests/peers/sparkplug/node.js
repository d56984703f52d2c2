// An edge node that is not ours: the published sparkplug-client with one machine behind it.
//
// node node.js '{"port": 1883, ...}' prints one JSON line {"ready": true} when it is connected and born, and then one
// for each thing that it is told: {"asked": "rebirth"}. It is steered by JSON lines on standard input,
// {"do": "data", "metrics": […]}, and ends when standard input closes.
"use strict";
const readline = require("node:readline");
const sparkplug = require("sparkplug-client");

const DEFAULTS = {
  port: 1883, host: "127.0.0.1", group: "Plant", node: "Line1", device: "Press1", user: "", password: "",
  aliases: true, deaf: false, metrics: [], publishDeath: true, compress: false,
};
const options = { ...DEFAULTS, ...JSON.parse(process.argv[2] || "{}") };
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const held = new Map(options.metrics.map((metric) => [metric.name, metric]));
const alias = new Map([...held.keys()].map((name, index) => [name, 100 + index]));

const client = sparkplug.newClient({
  serverUrl: `mqtt://${options.host}:${options.port}`, username: options.user, password: options.password,
  groupId: options.group, edgeNode: options.node, clientId: `${options.group}-${options.node}-${process.pid}`,
  version: "spBv1.0", keepalive: 5, publishDeath: options.publishDeath,
});

const now = () => Date.now();
const how = () => (options.compress ? { compress: true, algorithm: "GZIP" } : {});

function born(metric) {
  return { timestamp: now(), ...metric, ...(options.aliases ? { alias: alias.get(metric.name) } : {}) };
}

function birth() {
  const control = { name: "Node Control/Rebirth", type: "Boolean", value: false, timestamp: now() };
  client.publishNodeBirth({ timestamp: now(), metrics: [control] }, how());
  client.publishDeviceBirth(options.device, { timestamp: now(), metrics: [...held.values()].map(born) }, how());
}

// By alias alone, as an edge node that saves bytes does.
function data(metrics) {
  const told = metrics.map((metric) => {
    const whole = { ...held.get(metric.name), timestamp: now(), ...metric };
    if (!whole.isHistorical) held.set(metric.name, { ...held.get(metric.name), value: metric.value });
    const { name, ...rest } = whole;
    return options.aliases && alias.has(name) ? { ...rest, alias: alias.get(name) } : whole;
  });
  client.publishDeviceData(options.device, { timestamp: now(), metrics: told }, how());
}

const DOINGS = {
  birth,
  data: ({ metrics }) => data(metrics),
  // A message that never arrives: its number is used up.
  skip: () => client.incrementSeqNum(),
  death: () => client.publishDeviceDeath(options.device, { timestamp: now(), metrics: [] }),
  devicebirth: () =>
    client.publishDeviceBirth(options.device, { timestamp: now(), metrics: [...held.values()].map(born) }, how()),
  raw: ({ topic, hex }) => client.client.publish(topic, Buffer.from(hex, "hex")),
  stop: () => client.stop(),
};

let ready = false;
client.on("birth", () => {
  birth();
  if (!ready) say({ ready: true });
  ready = true;
});
client.on("ncmd", (payload) => {
  const asked = (payload.metrics || []).some((metric) => metric.name === "Node Control/Rebirth" && metric.value);
  if (!asked) return;
  say({ asked: "rebirth" });
  if (!options.deaf) birth();
});
client.on("error", (error) => say({ error: String(error) }));

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const wish = JSON.parse(line);
  DOINGS[wish.do](wish);
  say({ done: wish.do });
}).on("close", () => process.exit(0));
