// Drives a fake shop (argument: its address) with Shopify's own client, and prints what each step gave as one JSON object.
const { createAdminApiClient } = require("@shopify/admin-api-client");

async function main(url) {
  const client = createAdminApiClient({
    storeDomain: "corner-shop.myshopify.com",
    apiVersion: "2026-10",
    accessToken: "shpat_static",
    // The client speaks to a shop's own domain only: what it sends is carried to the loopback port.
    customFetchApi: (asked, init) => fetch(asked.replace(/^https:\/\/[^/]+/, url), init),
  });
  const make = `mutation Make($input: CustomerSetInput!) {
    customerSet(input: $input) { customer { id displayName } userErrors { field code message } } }`;
  const page = `query Page($after: String) {
    customers(first: 2, after: $after, sortKey: ID) { nodes { id lastName } pageInfo { hasNextPage endCursor } } }`;
  const told = { names: [] };
  told.made = await client.request(make, { variables: { input: { lastName: "Ng", email: "ng@example.com" } } });
  told.again = await client.request(make, { variables: { input: { lastName: "Bo", email: "ng@example.com" } } });
  for (let after = null, more = true; more; ) {
    const { customers } = (await client.request(page, { variables: { after } })).data;
    told.names.push(...customers.nodes.map((node) => node.lastName));
    ({ hasNextPage: more, endCursor: after } = customers.pageInfo);
  }
  told.wrong = (await client.request("{ customers(first: 1) { nodes { shoeSize } } }")).errors;
  console.log(JSON.stringify(told));
}

main(process.argv[2]);
