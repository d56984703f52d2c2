// Machines that no profile of ours names: a saw as OPC 40550-1 describes it, and an oven as only its maker does.
"use strict";
const path = require("node:path");
const { DataType, StatusCodes, Variant, VariantArrayType, coerceLocalizedText } = require("node-opcua");

const WOOD = "http://opcfoundation.org/UA/Woodworking/";
const OVEN = "urn:foreign-plant:oven-maker";
const OVEN_TYPES = path.join(__dirname, "oven.NodeSet2.xml");
const UNIT_STATE = { OFFLINE: 0, STANDBY: 1, READY: 2, WORKING: 3, ERROR: 4 };
const UNIT_MODE = { OTHER: 0, AUTOMATIC: 1, SEMIAUTOMATIC: 2, MANUAL: 3, SETUP: 4, SLEEP: 5 };
const OVEN_STATE = ["Aus", "Bereit", "Läuft", "Störung"];
const STEP = ["Heat", "Hold", "Cool"];

class Strange {
  constructor(addressSpace, namespace, clock) {
    Object.assign(this, { addressSpace, namespace, clock });
    this.buildSaw();
    this.buildOven();
  }

  buildSaw() {
    const index = this.addressSpace.getNamespaceIndex(WOOD);
    const machines = this.addressSpace.rootFolder.objects.getFolderElementByName("Machines");
    const saw = this.addressSpace.findObjectType("WwMachineType", index).instantiate({
      browseName: { name: "Saw", namespaceIndex: this.namespace.index }, organizedBy: machines,
      namespace: this.namespace, nodeId: "s=Saw", optionals: ["State.Machine.Values.RelativePiecesOut", "State.Machine.Flags"],
    });
    const overview = saw.getComponentByName("State").getComponentByName("Machine").getComponentByName("Overview");
    this.state = overview.getChildByName("CurrentState");
    this.mode = overview.getChildByName("CurrentMode");
    this.saw("READY", "AUTOMATIC");
  }

  saw(state, mode) {
    const set = (node, value) => node.setValueFromSource({ dataType: DataType.Int32, value }, StatusCodes.Good, this.clock.now());
    set(this.state, UNIT_STATE[state]);
    if (mode) set(this.mode, UNIT_MODE[mode]);
  }

  buildOven() {
    const space = this.addressSpace;
    const index = space.getNamespaceIndex(OVEN);
    const own = space.getNamespace(index);
    const step = space.findDataType("OvenStepEnum", index);
    this.zoneType = space.findDataType("ZoneDataType", index);
    this.batchType = space.findDataType("BatchDataType", index);
    const oven = own.addObject({ browseName: "Oven", organizedBy: space.rootFolder.objects, nodeId: "s=Oven" });
    const plain = (browseName, dataType, value, more = {}) => own.addVariable({
      browseName, componentOf: oven, nodeId: `s=Oven.${browseName}`, dataType,
      value: { dataType, value }, minimumSamplingInterval: 0, ...more,
    });
    this.ovenState = own.addMultiStateDiscrete({
      browseName: "Zustand", componentOf: oven, nodeId: "s=Oven.Zustand", enumStrings: OVEN_STATE, value: 1,
    });
    this.door = own.addTwoStateDiscrete({
      browseName: "Door", componentOf: oven, nodeId: "s=Oven.Door", trueState: "open", falseState: "closed", value: false,
    });
    this.temperature = own.addAnalogDataItem({
      browseName: "Temperature", componentOf: oven, nodeId: "s=Oven.Temperature", dataType: "Double",
      engineeringUnitsRange: { low: 0, high: 900 }, instrumentRange: { low: -50, high: 1000 },
      engineeringUnits: require("node-opcua").standardUnits.degree_celsius,
      value: { dataType: DataType.Double, value: 180 }, minimumSamplingInterval: 0,
    });
    this.zones = plain("ZoneTemperatures", DataType.Double, null,
      { valueRank: 1, value: { dataType: DataType.Double, arrayType: VariantArrayType.Array, value: [181, 182, 183] } });
    this.step = own.addVariable({
      browseName: "Step", componentOf: oven, nodeId: "s=Oven.Step", dataType: step.nodeId,
      value: { dataType: DataType.Int32, value: 1 }, minimumSamplingInterval: 0,
    });
    this.batch = own.addVariable({
      browseName: "Batch", componentOf: oven, nodeId: "s=Oven.Batch", dataType: this.batchType.nodeId,
      value: { dataType: DataType.ExtensionObject, value: null }, minimumSamplingInterval: 0,
    });
    this.setBatch(7, "Bread", "Hold");
  }

  setBatch(number, recipe, step) {
    const zone = (Name, Celsius) => this.addressSpace.constructExtensionObject(this.zoneType, { name: Name, celsius: Celsius });
    const value = this.addressSpace.constructExtensionObject(this.batchType, {
      number, recipe: coerceLocalizedText(recipe), step: STEP.indexOf(step), setpoints: [180, 200],
      zones: [zone("front", 181.5), zone("back", 183.25)],
    });
    this.batch.setValueFromSource(new Variant({ dataType: DataType.ExtensionObject, value }), StatusCodes.Good, this.clock.now());
  }

  oven({ state, celsius, zones, step, batch }) {
    const now = this.clock.now();
    const set = (node, dataType, value, arrayType) => node.setValueFromSource(
      new Variant({ dataType, value, ...(arrayType ? { arrayType } : {}) }), StatusCodes.Good, now);
    if (state !== undefined) set(this.ovenState, DataType.UInt32, OVEN_STATE.indexOf(state));
    if (celsius !== undefined) set(this.temperature, DataType.Double, celsius);
    if (zones !== undefined) set(this.zones, DataType.Double, zones, VariantArrayType.Array);
    if (step !== undefined) set(this.step, DataType.Int32, STEP.indexOf(step));
    if (batch !== undefined) this.setBatch(...batch);
  }
}

/** The server goes on, but no longer says when this node changes: what a bug in a controller looks like. */
function deafen(server, nodeId) {
  let found = 0;
  for (const session of Object.values(server.engine._sessions)) {
    for (const subscription of Object.values(session.publishEngine._subscriptions || {})) {
      for (const item of subscription.monitoredItems.values()) {
        if (item.node && item.node.nodeId.toString().endsWith(nodeId)) { item.setMonitoringMode(0); found += 1; }
      }
    }
  }
  return found;
}

module.exports = { OVEN_TYPES, Strange, deafen };
