"""Telling third parties what is to be done: ERP, CRM, fulfilment. Each may be away for days."""
