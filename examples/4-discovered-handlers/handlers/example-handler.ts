import { defineHandler } from 'breakwater';

// Copy this file to add a handler. Nothing else is needed: it is found and registered at the start.
export default defineHandler({
  event: 'order.*',
  handle({ type, data }) {
    console.log(`example-handler: ${type} ${JSON.stringify(data)}`);
  },
});
