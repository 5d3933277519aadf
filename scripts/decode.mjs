// Writes what the real converters make of the frames of a fixture. For scripts/decode.
// Arguments: folder with the converters package, the fixture (tests/fixtures/<device file>.json).
import {readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const require = createRequire(`${process.argv[2]}/`);
const {findByDevice, postProcessConvertedFromZigbeeMessage} = require('zigbee-herdsman-converters');
const {Zcl} = require('zigbee-herdsman');
const {attributeKeyValue} = require('zigbee-herdsman/dist/controller/helpers/zclFrameConverter');

const path = process.argv[3];
const fixture = JSON.parse(readFileSync(path, 'utf8'));
const KINDS = {report: 'attributeReport', readRsp: 'readResponse'};

// As much of a device as converters look at.
const device = {
    modelID: fixture.zigbee_model, manufacturerName: 'LUMI', type: 'EndDevice', endpoints: [],
    ieeeAddr: '0x00158d0001a1b2c4', customClusters: {}, meta: {},
    getEndpoint: (number) => endpoint(number),
    addCustomCluster: (name, cluster) => {
        const known = device.customClusters[name] ?? Zcl.Clusters[name] ?? {};
        device.customClusters[name] = {
            name, ...known, ...cluster,
            attributes: {...known.attributes, ...cluster.attributes},
            commands: {...known.commands, ...cluster.commands},
            commandsResponse: {...known.commandsResponse, ...cluster.commandsResponse},
        };
    },
    save: () => undefined,
};
const endpoint = (number) => ({ID: number, deviceIeeeAddress: device.ieeeAddr, read: async () => ({}), getDevice: () => device});
device.endpoints = [endpoint(1)];

const definition = await findByDevice(device, false);
for (const event of [{type: 'start', data: {device}}]) await definition.onEvent?.(event);

async function decode(example, number) {
    const data = Buffer.from(example.frame_hex, 'hex');
    const header = Zcl.Header.fromBuffer(data);
    const frame = Zcl.Frame.fromBuffer(example.cluster, header, data, device.customClusters);
    const message = {
        data: attributeKeyValue(frame, undefined, device.customClusters),
        cluster: frame.cluster.name, type: KINDS[frame.command.name],
        endpoint: {...endpoint(example.endpoint), getClusterAttributeValue: (_, name) => message.data[name]}, device, groupID: 0, linkquality: 0,
        // Converters of buttons drop a frame with the number of an earlier one; each example stands alone.
        meta: {zclTransactionSequenceNumber: number, manufacturerCode: header.manufacturerCode, frameControl: header.frameControl},
    };
    const options = example.options ?? {};
    const payload = {};
    for (const converter of definition.fromZigbee) {
        const types = Array.isArray(converter.type) ? converter.type : [converter.type];
        if (converter.cluster !== message.cluster || !types.includes(message.type)) continue;
        const meta = {device, state: {...payload}, logger: console, deviceExposesChanged: () => undefined};
        Object.assign(payload, await converter.convert(definition, message, () => undefined, options, meta));
    }
    postProcessConvertedFromZigbeeMessage(definition, payload, options, device);
    // What exposes does not list may be there; some of it only few programs know.
    const listed = definition.exposes.flatMap((each) => each.features ?? [each]).map((each) => each.property);
    const part = (wanted) => Object.fromEntries(Object.entries(payload).filter(([key]) => listed.includes(key) === wanted));
    return {kind: message.type, expected: part(true), may_include: part(false)};
}

for (const [number, example] of fixture.examples.entries()) {
    if (!example.frame_hex || example.expected) continue;
    Object.assign(example, await decode(example, number));
}
const lines = fixture.examples.map((example) => `  ${JSON.stringify(example)}`).join(',\n');
const head = Object.entries(fixture).filter(([name]) => name !== 'examples');
const text = head.map(([name, value]) => ` ${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(',\n');
writeFileSync(path, `{\n${text},\n "examples": [\n${lines}\n ]\n}\n`);
