// A packaging machine of the foreign plant: the PackML base object of OPC 30050 with its three nested state machines.
"use strict";
const { DataType, StatusCodes, Variant, coerceLocalizedText } = require("node-opcua");

const PACKML = "http://opcfoundation.org/UA/PackML/";
const MODE = { Invalid: 0, Produce: 1, Maintenance: 2, Manual: 3 };

class PackMl {
  constructor(addressSpace, namespace, name, clock) {
    const index = addressSpace.getNamespaceIndex(PACKML);
    this.clock = clock;
    this.node = addressSpace.findObjectType("PackMLBaseObjectType", index).instantiate({
      browseName: { name, namespaceIndex: namespace.index }, organizedBy: addressSpace.rootFolder.objects, namespace,
      nodeId: `s=${name}`,
      optionals: ["BaseStateMachine.MachineState", "BaseStateMachine.MachineState.ExecuteState", "Status.CurMachSpeed"],
    });
    const child = (node, part) => {
      const found = node && node.getChildByName(part);
      if (!found) throw new Error(`no ${part} below ${node && node.browseName.name}`);
      return found;
    };
    const base = child(this.node, "BaseStateMachine");
    const machine = child(base, "MachineState");
    this.states = [base, machine, child(machine, "ExecuteState")].map((each) => child(each, "CurrentState"));
    this.mode = child(child(this.node, "Status"), "UnitModeCurrent");
    this.set("Cleared", "Stopped", null, "Produce");
  }

  /** What each of the three machines is in; null where it has no state, because the one around it is elsewhere. */
  set(base, machine, execute, mode) {
    const now = this.clock.now();
    [base, machine, execute].forEach((state, index) => this.states[index].setValueFromSource(
      new Variant({ dataType: DataType.LocalizedText, value: coerceLocalizedText(state || "") }),
      state ? StatusCodes.Good : StatusCodes.BadStateNotActive, now));
    if (mode) {
      this.mode.setValueFromSource(new Variant({ dataType: DataType.Int32, value: MODE[mode] }), StatusCodes.Good, now);
    }
  }
}

module.exports = { PackMl };
