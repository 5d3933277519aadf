// Writes what Zigbee2MQTT publishes as the definition of a model. For scripts/exposes.
// Arguments: folder with the converters package, Zigbee model id, file to write.
import {writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const require = createRequire(`${process.argv[2]}/`);
const {findByDevice} = require('zigbee-herdsman-converters');
const {Numeric, access} = require('zigbee-herdsman-converters/lib/exposes');
const version = require('zigbee-herdsman-converters/package.json').version;

const zigbeeModel = process.argv[3];
const device = {
    modelID: zigbeeModel, manufacturerName: 'LUMI', type: 'EndDevice', endpoints: [],
    getEndpoint: () => undefined,
};
const definition = await findByDevice(device, false);
if (!definition) {
    console.error(`zigbee-herdsman-converters ${version} has no model with the Zigbee id ${zigbeeModel}`);
    process.exit(1);
}
const exposes = typeof definition.exposes === 'function'
    ? definition.exposes({isDummyDevice: true}, {})
    : definition.exposes;
// Zigbee2MQTT itself appends the link quality (lib/model/device.ts).
const linkquality = new Numeric('linkquality', access.STATE)
    .withUnit('lqi')
    .withDescription('Link quality (signal strength)')
    .withValueMin(0)
    .withValueMax(255)
    .withCategory('diagnostic');
const text = JSON.stringify({
    source: `zigbee-herdsman-converters ${version}`,
    zigbee_model: zigbeeModel,
    definition: {
        source: 'native',
        model: definition.model,
        vendor: definition.vendor,
        description: definition.description,
        exposes: [...exposes, linkquality],
        supports_ota: Boolean(definition.ota),
        options: definition.options ?? [],
        version: '0.0.0',
    },
}, null, 1);
writeFileSync(process.argv[4], `${text}\n`);
