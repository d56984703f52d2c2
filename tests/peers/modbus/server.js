// A PLC that is not ours: modbus-serial's TCP server with a few units, steered by lines of JSON on stdin.
// {"unit": 1, "table": "holding", "address": 10, "value": 7} sets a word or bit; {"deaf": 2} makes a unit silent, {"hear": 2} wakes it.
const { ServerTCP } = require('modbus-serial')
const readline = require('node:readline')
const net = require('node:net')

const options = JSON.parse(process.argv[2] || '{}')
const words = new Map(Object.entries(options.words || {}))
const deaf = new Set()
let requests = 0

const name = (unit, table, address) => `${unit}/${table}/${address}`
const illegal = () => Object.assign(new Error('no such address'), { modbusErrorCode: 2 })

function get (table) {
  return (address, unit, answer) => {
    if (deaf.has(unit)) return
    const value = words.get(name(unit, table, address))
    answer(value === undefined ? illegal() : null, value)
  }
}

function several (table) {
  return (address, length, unit, answer) => {
    requests += 1
    if (deaf.has(unit)) return
    const found = Array.from({ length }, (_, index) => words.get(name(unit, table, address + index)))
    answer(found.includes(undefined) ? illegal() : null, found)
  }
}

function refuse (address, value, unit, answer) {
  process.stdout.write(JSON.stringify({ written: true }) + '\n')
  answer(Object.assign(new Error('nobody writes here'), { modbusErrorCode: 1 }))
}

const vector = {
  getCoil: get('coil'),
  getDiscreteInput: get('discrete'),
  getHoldingRegister: get('holding'),
  getInputRegister: get('input'),
  getMultipleHoldingRegisters: several('holding'),
  getMultipleInputRegisters: several('input'),
  setCoil: refuse,
  setRegister: refuse,
  setRegisterArray: refuse
}

function serve (port) {
  const server = new ServerTCP(vector, { host: '127.0.0.1', port, unitID: 255 })
  server.on('socketError', () => {})
  server.on('error', () => {})
  server.on('initialized', () => process.stdout.write(JSON.stringify({ port }) + '\n'))
  server.on('serverError', (error) => { throw error })
}

if (options.port) serve(options.port)
else {
  const probe = net.createServer()
  probe.listen(0, '127.0.0.1', () => {
    const { port } = probe.address()
    probe.close(() => serve(port))
  })
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const told = JSON.parse(line)
  if (told.deaf !== undefined) deaf.add(told.deaf)
  else if (told.hear !== undefined) deaf.delete(told.hear)
  else if (told.count) process.stdout.write(JSON.stringify({ requests }) + '\n')
  else words.set(name(told.unit, told.table, told.address), told.value)
  if (told.id !== undefined) process.stdout.write(JSON.stringify({ id: told.id }) + '\n')
})
