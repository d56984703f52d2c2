// One machine of the foreign plant: item state and mode of OPC 40001-1, jobs of OPC 10031-4, run for real.
"use strict";
const { DataType, StatusCodes, Variant, VariantArrayType, coerceLocalizedText } = require("node-opcua");

const URI = {
  di: "http://opcfoundation.org/UA/DI/",
  machinery: "http://opcfoundation.org/UA/Machinery/",
  jobs: "http://opcfoundation.org/UA/Machinery/Jobs/",
  isa95: "http://opcfoundation.org/UA/ISA95-JOBCONTROL_V2/",
  tool: "http://opcfoundation.org/UA/MachineTool/",
};
const ITEM_STATE = { NotAvailable: 0, OutOfService: 1, NotExecuting: 2, Executing: 3 };
const MODE = { None: 0, Maintenance: 1, Setup: 2, Processing: 3 };
const TOOL_MODE = { None: 5, Maintenance: 4, Setup: 2, Processing: 1 }; // MachineOperationMode of OPC 40501-1
const JOB_STATE = { NotAllowedToStart: 1, AllowedToStart: 2, Running: 3, Interrupted: 4, Ended: 5, Aborted: 6 };
const RETURN = { NO_ERROR: [0, 1], UNKNOWN: [0, 2], STATUS: [0, 8], UNABLE: [0, 16] };
const METHODS = ["Store", "StoreAndStart", "Start", "Stop", "Abort", "Cancel", "Clear", "Pause", "Resume", "RevokeStart",
  "Update"];

/** A ReturnStatus: 64 bits as [high, low]. */
function returned(value) {
  return new Variant({ dataType: DataType.UInt64, arrayType: VariantArrayType.Scalar, value });
}

/** Business time, written ORIGIN@UNIXxSPEED as in THIRDSHIFT_CLOCK; empty is the wall clock. */
function plantClock(text) {
  if (!text) return { now: () => new Date(), speed: 1 };
  const [origin, rest] = text.split("@");
  const [anchor, speed] = rest.split("x").map(Number);
  const start = Date.parse(origin);
  return { now: () => new Date(start + (Date.now() - anchor * 1000) * speed), speed };
}

class Machine {
  constructor(addressSpace, namespace, name, options, clock) {
    Object.assign(this, { addressSpace, namespace, name, options, clock });
    Object.assign(this, { jobs: new Map(), stopAt: 1, ignoreStart: false, refuse: 0, good: 0, timers: new Set() });
    this.calls = [];
    this.isa95 = addressSpace.getNamespaceIndex(URI.isa95);
    this.types = Object.fromEntries(
      ["ISA95JobOrderAndStateDataType", "ISA95JobResponseDataType"].map((type) => [type, addressSpace.findDataType(type, this.isa95)]));
    this.build();
    this.setState("NotExecuting", "Processing");
    this.publishJobs();
  }

  type(uri, name) {
    return this.addressSpace.findObjectType(name, this.addressSpace.getNamespaceIndex(uri));
  }

  build() {
    const machines = this.addressSpace.rootFolder.objects.getFolderElementByName("Machines");
    const tool = this.name === "Mill";
    const base = tool ? this.type(URI.tool, "MachineToolType") : this.addressSpace.findObjectType("BaseObjectType");
    this.node = base.instantiate({
      browseName: { name: this.name, namespaceIndex: this.namespace.index }, organizedBy: machines,
      namespace: this.namespace, nodeId: `s=${this.name}`,
      optionals: tool ? ["MachineryBuildingBlocks", "Production.Statistics", "Production.Statistics.PartsProducedInLifetime",
        "Production.ProductionPlan", "Monitoring.MachineTool.PowerOnDuration"] : [],
    });
    if (!tool) {
      this.type(URI.machinery, "MachineIdentificationType").instantiate({
        browseName: { name: "Identification", namespaceIndex: this.addressSpace.getNamespaceIndex(URI.di) },
        componentOf: this.node, namespace: this.namespace,
      });
    }
    this.identify();
    this.buildBlocks();
    this.buildJobs();
    this.counter = this.namespace.addVariable({
      browseName: "PartsGood", componentOf: this.node, nodeId: `s=${this.name}.PartsGood`, dataType: DataType.UInt32,
      value: { dataType: DataType.UInt32, value: 0 },
    });
  }

  identify() {
    const set = (name, value) => {
      const variable = this.node.getComponentByName("Identification")?.getChildByName(name);
      if (variable) variable.setValueFromSource(value);
    };
    const text = (value) => ({ dataType: DataType.LocalizedText, value: coerceLocalizedText(value) });
    set("Manufacturer", text("Foreign Works"));
    set("Model", text(`${this.name} 3000`));
    set("SerialNumber", { dataType: DataType.String, value: `SN-${this.name}-1` });
    set("ProductInstanceUri", { dataType: DataType.String, value: `urn:foreign-plant:${this.name}` });
  }

  buildBlocks() {
    const machinery = this.addressSpace.getNamespaceIndex(URI.machinery);
    this.blocks = this.node.getComponentByName("MachineryBuildingBlocks", machinery) || this.namespace.addObject({
      browseName: { name: "MachineryBuildingBlocks", namespaceIndex: machinery }, componentOf: this.node,
      typeDefinition: "FolderType",
    });
    const machine = (name, type) => this.type(URI.machinery, type).instantiate({
      browseName: { name, namespaceIndex: machinery }, componentOf: this.blocks, namespace: this.namespace,
      optionals: ["CurrentState.Number"],
    });
    this.itemState = machine("MachineryItemState", "MachineryItemState_StateMachineType");
    this.mode = machine("MachineryOperationMode", "MachineryOperationModeStateMachineType");
  }

  buildJobs() {
    const management = this.namespace.addObject({
      browseName: { name: "JobManagement", namespaceIndex: this.addressSpace.getNamespaceIndex(URI.jobs) },
      componentOf: this.blocks,
    });
    const jobs = this.addressSpace.getNamespaceIndex(URI.jobs);
    this.receiver = this.type(URI.isa95, "ISA95JobOrderReceiverObjectType").instantiate({
      browseName: { name: "JobOrderControl", namespaceIndex: jobs }, componentOf: management, namespace: this.namespace,
      nodeId: `s=${this.name}.JobOrderControl`, optionals: METHODS,
    });
    this.provider = this.type(URI.isa95, "ISA95JobResponseProviderObjectType").instantiate({
      browseName: { name: "JobOrderResults", namespaceIndex: jobs }, componentOf: management, namespace: this.namespace,
      nodeId: `s=${this.name}.JobOrderResults`,
    });
    const ids = { Start: "start", Stop: "stop", Abort: "abort", Cancel: "cancel", Clear: "clear" };
    const bind = (name, act) => this.bind(this.receiver, name, act);
    bind("Store", (order) => this.store(order));
    bind("StoreAndStart", (order) => (this.store(order) === RETURN.NO_ERROR ? this.start(order.jobOrderID) : RETURN.UNABLE));
    for (const [name, act] of Object.entries(ids)) bind(name, (id) => this[act](id));
    for (const name of ["Pause", "Resume", "RevokeStart", "Update"]) bind(name, () => RETURN.UNABLE);
    const request = this.provider.getMethodByName("RequestJobResponseByJobOrderID");
    request.bindMethod((inputs, context, callback) => callback(null, this.respond(inputs[0].value)));
  }

  bind(owner, name, act) {
    const method = owner.getMethodByName(name);
    if (!method) throw new Error(`no method ${name}`);
    method.bindMethod((inputs, context, callback) => {
      const subject = inputs[0].value;
      this.calls.push([name, typeof subject === "string" ? subject : subject?.jobOrderID]);
      const status = this.refuse ? [0, this.refuse] : act(subject);
      callback(null, {
        statusCode: StatusCodes.Good,
        outputArguments: [returned(status)],
      });
    });
  }

  setState(state, mode) {
    this.set(this.itemState, state, ITEM_STATE);
    if (mode) this.set(this.mode, mode, MODE);
    this.current = state;
    if (this.name === "Mill") this.showTool(state, mode);
  }

  /** What OPC 40501-1 makes of it: the active program's state and the operation mode. */
  showTool(state, mode) {
    const now = this.clock.now();
    const program = this.node.getComponentByName("Production").getComponentByName("ActiveProgram");
    const text = coerceLocalizedText(state === "Executing" ? "Running" : "Ended");
    program.getComponentByName("State").getComponentByName("CurrentState").setValueFromSource(
      { dataType: DataType.LocalizedText, value: text }, StatusCodes.Good, now);
    const operation = this.node.getComponentByName("Monitoring").getComponentByName("MachineTool").getChildByName("OperationMode");
    const wanted = state === "OutOfService" ? "Maintenance" : mode;
    if (wanted) operation.setValueFromSource({ dataType: DataType.Int32, value: TOOL_MODE[wanted] }, StatusCodes.Good, now);
  }

  set(machine, name, numbers) {
    if (!(name in numbers)) throw new Error(`no state ${name}`);
    const now = this.clock.now();
    const current = machine.getComponentByName("CurrentState");
    current.setValueFromSource({ dataType: DataType.LocalizedText, value: coerceLocalizedText(name) }, StatusCodes.Good, now);
    const number = current.getPropertyByName("Number");
    if (number) number.setValueFromSource({ dataType: DataType.UInt32, value: numbers[name] }, StatusCodes.Good, now);
  }

  // --- jobs ---

  store(order) {
    if (this.jobs.has(order.jobOrderID) || this.jobs.size >= this.options.maxJobs) return RETURN.UNABLE;
    const runs = (order.jobOrderParameters || []).find(({ ID }) => ID === "RunsPlanned");
    const quantity = runs ? Number(runs.value.value) : 10;
    this.jobs.set(order.jobOrderID, { order, quantity, good: 0, state: "NotAllowedToStart", started: null, ended: null });
    this.publishJobs();
    return RETURN.NO_ERROR;
  }

  start(id) {
    const job = this.jobs.get(id);
    if (!job) return RETURN.UNKNOWN;
    if (job.state !== "NotAllowedToStart") return RETURN.STATUS;
    this.move(job, "AllowedToStart");
    if (!this.ignoreStart) this.later(this.options.prepareMs, () => this.run(job));
    return RETURN.NO_ERROR;
  }

  stop(id) {
    return this.finish(id, ["Running", "Interrupted"], "Ended");
  }

  abort(id) {
    return this.finish(id, ["NotAllowedToStart", "AllowedToStart", "Running", "Interrupted"], "Aborted");
  }

  finish(id, from, to) {
    const job = this.jobs.get(id);
    if (!job) return RETURN.UNKNOWN;
    if (!from.includes(job.state)) return RETURN.STATUS;
    this.end(job, to);
    return RETURN.NO_ERROR;
  }

  cancel(id) {
    return this.remove(id, ["NotAllowedToStart", "AllowedToStart"]);
  }

  clear(id) {
    return this.remove(id, ["Ended", "Aborted"]);
  }

  remove(id, from) {
    const job = this.jobs.get(id);
    if (!job) return RETURN.UNKNOWN;
    if (!from.includes(job.state)) return RETURN.STATUS;
    this.jobs.delete(id);
    this.publishJobs();
    return RETURN.NO_ERROR;
  }

  run(job) {
    if (job.state !== "AllowedToStart") return;
    if ([...this.jobs.values()].some((other) => other.state === "Running")) {
      this.later(100, () => this.run(job));
      return;
    }
    job.started = this.clock.now();
    this.move(job, "Running");
    this.setState("Executing", "Processing");
    this.piece(job);
  }

  piece(job) {
    this.later(this.options.cycleMs / this.clock.speed, () => {
      if (job.state !== "Running") return;
      job.good += 1;
      this.good += 1;
      const value = { dataType: DataType.UInt32, value: this.good };
      this.counter.setValueFromSource(value, StatusCodes.Good, this.clock.now());
      if (job.good >= job.quantity * this.stopAt) this.end(job, "Ended");
      else this.piece(job);
    });
  }

  end(job, state) {
    const ran = job.started !== null;
    job.ended = ran ? this.clock.now() : null;
    this.move(job, state);
    if (ran) this.setState("NotExecuting", "Processing");
  }

  move(job, state) {
    job.state = state;
    this.publishJobs();
  }

  later(milliseconds, act) {
    const timer = setTimeout(() => { this.timers.delete(timer); act(); }, milliseconds);
    this.timers.add(timer);
  }

  dispose() {
    for (const timer of this.timers) clearTimeout(timer);
  }

  states(job) {
    return [{ browsePath: null, stateText: coerceLocalizedText(job.state), stateNumber: JOB_STATE[job.state] }];
  }

  publishJobs() {
    const list = [...this.jobs.values()].map((job) => this.addressSpace.constructExtensionObject(
      this.types.ISA95JobOrderAndStateDataType, { jobOrder: job.order, state: this.states(job) }));
    this.receiver.getComponentByName("JobOrderList").setValueFromSource(
      { dataType: DataType.ExtensionObject, arrayType: VariantArrayType.Array, value: list });
  }

  respond(id) {
    const job = this.jobs.get(id);
    const value = (key, dataType, number) => ({ ID: key, value: new Variant({ dataType, value: number }) });
    const busy = job && job.started ? (job.ended || this.clock.now()) - job.started : 0;
    const response = this.addressSpace.constructExtensionObject(this.types.ISA95JobResponseDataType, {
      jobResponseID: `response-${id}`, jobOrderID: id,
      startTime: job?.started || undefined, endTime: job?.ended || undefined,
      jobState: job ? this.states(job) : [],
      jobResponseData: job ? [value("GoodQuantity", DataType.Double, job.good),
        value("ProducedQuantity", DataType.Double, job.good), value("ActualProductionTime", DataType.Double, busy)] : [],
    });
    return {
      statusCode: job ? StatusCodes.Good : StatusCodes.UncertainNotAllNodesAvailable,
      outputArguments: [
        new Variant({ dataType: DataType.ExtensionObject, value: response }),
        returned(job ? RETURN.NO_ERROR : RETURN.UNKNOWN),
      ],
    };
  }

  snapshot() {
    const jobs = [...this.jobs].map(([id, job]) => ({
      id, state: job.state, quantity: job.quantity, good: job.good, started: job.started, ended: job.ended,
      workMaster: (job.order.workMasterID || []).map((master) => master.ID),
      material: (job.order.materialRequirements || []).map((material) => material.materialDefinitionID),
      parameters: Object.fromEntries((job.order.jobOrderParameters || []).map(({ ID, value }) => [ID, value.value])),
    }));
    return { state: this.current, good: this.good, jobs, calls: this.calls };
  }
}

module.exports = { Machine, plantClock, URI };
