"""The demonstration: an ERP, a web shop and Salesforce with real-looking data, kept in agreement on this machine."""
