// Drives a fake org (argument: its address) with jsforce, and prints what each step gave as one JSON object.
const jsforce = require("jsforce");

async function main(url) {
  const oauth2 = { clientId: "app", clientSecret: "secret", loginUrl: url };
  const org = new jsforce.Connection({ instanceUrl: url, version: "66.0", oauth2 });
  const told = {};
  await org.authorize({ grant_type: "client_credentials" });
  const contacts = org.sobject("Contact");
  told.made = await contacts.create({ LastName: "Ng", Email: "ng@example.com" });
  told.many = await org.sobject("Account").create([{ Name: "A" }, { Name: "B" }, { Phone: "1" }]);
  await contacts.update({ Id: told.made.id, FirstName: "Ana", AccountId: told.many[0].id });
  told.one = await contacts.retrieve(told.made.id);
  const since = { $gt: jsforce.SfDate.toDateTimeLiteral(new Date("2020-01-01")) };
  told.found = await contacts.find({ LastName: { $like: "N%" }, CreatedDate: since }, "Id, Name, Account.Name").execute();
  told.pages = (await org.query("SELECT Id FROM Lead", { autoFetch: true })).records.length;
  told.upserted = [];
  for (const name of ["One", "Two"]) {
    told.upserted.push(await contacts.upsert({ LastName: name, Syncline_Id__c: "e1" }, "Syncline_Id__c"));
  }
  org.bulk2.pollInterval = 50;
  const input = [{ LastName: "Bulk", FirstName: "B" }, { LastName: "", FirstName: "C" }];
  told.bulk = await org.bulk2.loadAndWaitForResults({ object: "Contact", operation: "insert", input });
  told.fields = (await contacts.describe()).fields.map((field) => field.name);
  await contacts.destroy(told.made.id);
  told.gone = await contacts.retrieve(told.made.id).catch((error) => error.errorCode);
  told.wrong = await org.query("SELECT Nope FROM Contact").catch((error) => error.errorCode);
  console.log(JSON.stringify(told));
}

main(process.argv[2]);
