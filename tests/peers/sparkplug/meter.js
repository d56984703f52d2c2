// A power meter that is not ours: the published MQTT client of npm, with a last will, as retrofit meters have one.
//
// node meter.js '{"port": 1883, "topic": "plant/press-1"}' prints {"ready": true} when it is connected. It publishes what
// it is told by JSON lines on standard input, {"topic": "power", "payload": "…", "retain": false}, and answers
// {"done": true} when the broker has it; {"do": "die"} cuts its connection, so that its last will is told.
"use strict";
const readline = require("node:readline");
const mqtt = require("mqtt");

const DEFAULTS = { port: 1883, host: "127.0.0.1", topic: "plant/press-1", user: undefined, password: undefined };
const options = { ...DEFAULTS, ...JSON.parse(process.argv[2] || "{}") };
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const online = `${options.topic}/online`;

const client = mqtt.connect(`mqtt://${options.host}:${options.port}`, {
  username: options.user, password: options.password, reconnectPeriod: 200,
  will: { topic: online, payload: "false", qos: 1, retain: true },
});

let ready = false;
client.on("connect", () => client.publish(online, "true", { qos: 1, retain: true }, () => {
  if (!ready) say({ ready: true });
  ready = true;
}));

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const wish = JSON.parse(line);
  if (wish.do === "die") {
    client.options.reconnectPeriod = 0;
    client.stream.destroy();
    say({ done: true });
    return;
  }
  const topic = wish.topic.startsWith("/") ? wish.topic.slice(1) : `${options.topic}/${wish.topic}`;
  client.publish(topic, wish.payload, { qos: 1, retain: wish.retain || false }, () => say({ done: true }));
}).on("close", () => process.exit(0));
