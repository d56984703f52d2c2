// A plant that is not ours: node-opcua with the published nodesets, and machines that really run their jobs.
//
// node server.js '{"port": 0, ...}' prints one JSON line {"ready": true, "url": …, "control": …} when it listens.
// It is steered by POST {"do": …} to the control address, and ends when its standard input closes.
"use strict";
console.log = console.info = console.warn = console.error; // the library talks; standard output is ours alone
const fs = require("node:fs");
const http = require("node:http");
const os = require("node:os");
const path = require("node:path");
const {
  DataType, MessageSecurityMode, OPCUACertificateManager, OPCUAServer, SecurityPolicy, StatusCodes, Variant,
  nodesets: bundled,
} = require("node-opcua");
const { nodesets } = require("node-opcua-nodesets");
const { Machine, plantClock } = require("./machine.js");
const { OVEN_TYPES, Strange, deafen } = require("./strange.js");
const { PackMl } = require("./packml.js");

const PLANT = "urn:foreign-plant:line";
const DEFAULTS = {
  port: 0, order: "plain", security: ["None"], user: null, password: null, anonymous: true, machines: ["Press", "Mill"], packml: [],
  tickHz: 0, cycleMs: 100, prepareMs: 50, clock: "", maxJobs: 20, hostname: "127.0.0.1", applicationName: "ForeignPlant",
  trusting: true, trustingUsers: true, certificateFile: null, privateKeyFile: null,
};
const options = { ...DEFAULTS, ...JSON.parse(process.argv[2] || "{}") };

const ORDERS = {
  bare: [],
  strange: ["di", "ia", "machinery", "isa95JobControl", "machineryJobs", "woodWorking"],
  plain: ["di", "ia", "machinery", "isa95JobControl", "machineryJobs", "machineTool"],
  packaging: ["di", "ia", "machinery", "isa95JobControl", "machineryJobs", "machineTool", "packML"],
  shifted: ["isa95JobControl", "di", "packML", "ia", "machinery", "machineryJobs", "machineTool"],
};

function nodesetFiles() {
  const chosen = ORDERS[options.order];
  if (!chosen) throw new Error(`order must be one of ${Object.keys(ORDERS)}`);
  const file = (name) => bundled[name] || nodesets[name];
  return [file("standard"), ...chosen.map((name) => {
    if (!file(name)) throw new Error(`no nodeset ${name}; there are ${Object.keys(nodesets)}`);
    return file(name);
  }), ...(options.order === "strange" ? [OVEN_TYPES] : [])];
}

async function certificates(folder, trusting) {
  const manager = new OPCUACertificateManager({ automaticallyAcceptUnknownCertificate: trusting, rootFolder: folder });
  await manager.initialize();
  return manager;
}

function addSignals(addressSpace, namespace, clock) {
  const folder = namespace.addFolder(addressSpace.rootFolder.objects, { browseName: "Signals", nodeId: "s=Signals" });
  const add = (browseName, dataType, value) => namespace.addVariable({
    browseName, componentOf: folder, dataType, nodeId: `s=Signals.${browseName}`, value: { dataType, value },
    minimumSamplingInterval: 0,
  });
  const signals = {
    Counter: add("Counter", DataType.UInt32, 0),
    Temperature: add("Temperature", DataType.Double, 21.5),
    Text: add("Text", DataType.String, "fine"),
    Odd: add("Odd", DataType.Double, 1),
  };
  const set = (name, value, status, stamp) => {
    const node = signals[name];
    const kind = DataType[addressSpace.findNode(node.dataType).browseName.name];
    node.setValueFromSource(
      new Variant({ dataType: kind, value }), StatusCodes[status || "Good"], stamp ? new Date(stamp) : clock.now());
  };
  const addLate = (name, value) => { signals[name] = add(name, DataType.Double, value); };
  return { set, addLate };
}

async function main() {
  const clock = plantClock(options.clock);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "foreign-plant-"));
  process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }));
  const server = new OPCUAServer({
    port: options.port,
    host: options.hostname,
    hostname: options.hostname,
    nodeset_filename: nodesetFiles(),
    serverCertificateManager: await certificates(path.join(folder, "pki"), options.trusting),
    userCertificateManager: await certificates(path.join(folder, "user-pki"), options.trustingUsers),
    ...(options.certificateFile ? { certificateFile: options.certificateFile, privateKeyFile: options.privateKeyFile } : {}),
    securityPolicies: options.security.map((name) => SecurityPolicy[name]),
    securityModes: [...new Set(
      options.security.map((n) => n === "None" ? MessageSecurityMode.None : MessageSecurityMode.SignAndEncrypt))],
    allowAnonymous: options.anonymous,
    userManager: { isValidUser: (user, password) => user === options.user && password === options.password },
    serverInfo: { applicationUri: `urn:foreign-plant:${options.applicationName}`, productUri: "foreign-plant" },
    buildInfo: { productName: options.applicationName, buildNumber: "1" },
    serverCapabilities: { maxSessions: 30 },
    registerServerMethod: 1,
  });
  await server.initialize();
  const addressSpace = server.engine.addressSpace;
  if (options.order === "shifted") addressSpace.registerNamespace("urn:foreign-plant:something-new");
  const namespace = addressSpace.registerNamespace(PLANT);
  const signals = addSignals(addressSpace, namespace, clock);
  const machines = Object.fromEntries(options.machines.map(
    (name) => [name, new Machine(addressSpace, namespace, name, options, clock)]));
  const units = Object.fromEntries(options.packml.map(
    (name) => [name, new PackMl(addressSpace, namespace, name, clock)]));
  const strange = options.order === "strange" ? new Strange(addressSpace, namespace, clock) : null;
  await server.start();

  let ticker = null;
  let count = 0;
  const tick = (hz) => {
    clearInterval(ticker);
    ticker = hz > 0 ? setInterval(() => signals.set("Counter", ++count), 1000 / hz) : null;
  };
  tick(options.tickHz);

  const actions = {
    signal: ({ name, value, status, stamp }) => signals.set(name, value, status, stamp),
    add_signal: ({ name, value }) => signals.addLate(name, value),
    tick: ({ hz }) => tick(hz),
    count: () => count,
    state: ({ machine, state, mode }) => machines[machine].setState(state, mode),
    packml: ({ machine, base, state, execute, mode }) => units[machine].set(base, state, execute, mode),
    machine: ({ machine }) => machines[machine].snapshot(),
    stop_at: ({ machine, share }) => { machines[machine].stopAt = share; },
    ignore_start: ({ machine, on }) => { machines[machine].ignoreStart = on; },
    refuse: ({ machine, bits }) => { machines[machine].refuse = bits; },
    saw: ({ state, mode }) => strange.saw(state, mode),
    oven: (change) => strange.oven(change),
    deafen: ({ node }) => deafen(server, node),
    drop_subscriptions: () => dropSubscriptions(server),
    sessions: () => server.engine.currentSessionCount,
    namespaces: () => addressSpace.getNamespaceArray().map((n) => n.namespaceUri),
  };
  const control = http.createServer((request, response) => answer(request, response, actions));
  await new Promise((resolve) => control.listen(0, "127.0.0.1", resolve));

  const stop = async () => {
    control.close();
    for (const machine of Object.values(machines)) machine.dispose();
    clearInterval(ticker);
    await server.shutdown(0).catch(() => {});
    process.exit(0);
  };
  process.stdin.on("end", stop).on("close", stop).resume();
  process.on("SIGTERM", stop);
  const port = server.endpoints[0].port;
  process.stdout.write(`${JSON.stringify({
    ready: true, url: `opc.tcp://${options.hostname}:${port}`, control: `http://127.0.0.1:${control.address().port}/`,
    port, pid: process.pid, namespaces: actions.namespaces(),
  })}\n`);
}

function dropSubscriptions(server) {
  for (const session of Object.values(server.engine._sessions)) {
    for (const subscription of Object.values(session.publishEngine._subscriptions || {})) {
      subscription.terminate();
      session.publishEngine.remove_subscription?.(subscription);
    }
  }
}

function answer(request, response, actions) {
  let body = "";
  request.on("data", (chunk) => { body += chunk; }).on("end", () => {
    try {
      const message = JSON.parse(body);
      const result = actions[message.do](message);
      response.end(JSON.stringify({ ok: true, result: result === undefined ? null : result }));
    } catch (error) {
      response.statusCode = 400;
      response.end(JSON.stringify({ ok: false, error: String(error && error.stack) }));
    }
  });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
