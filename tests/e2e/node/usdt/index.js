// The interface of node-usdt over the addon of the test programs, which lays out its library as libstapsdt does. The addon that
// node-usdt itself brings is not in any registry that the tests can reach.
const native = require(process.env.SDT_NODE_ADDON);

class Probe {
  constructor(name, types) {
    this.name = name;
    this.sizes = types.map((type) => (type === "char *" ? "8" : "-8"));
  }

  // The function that prepares the arguments is called only while somebody listens.
  fire(prepare) {
    if (native.enabled(this.name)) native.fire(this.name, ...prepare());
  }
}

class USDTProvider {
  constructor(name) {
    this.name = name;
    this.probes = [];
  }

  addProbe(name, ...types) {
    this.probes.push(new Probe(name, types));
    return this.probes.at(-1);
  }

  enable() {
    native.load(this.name, this.probes.map((probe) => `${probe.name}:${probe.sizes.join(",")}`).join(" "));
  }
}

module.exports = { USDTProvider };
