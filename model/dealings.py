"""What happens with customers: opportunities, orders, cases, activities."""

from __future__ import annotations

from model.shapes import (
    PERSONAL,
    Addresses,
    Amount,
    Choice,
    Date,
    Emails,
    Entity,
    Flag,
    Lines,
    Moment,
    Number,
    Phones,
    Reference,
    Text,
    Texts,
    Whole,
    canonical,
)

_OWNER = "The colleague in charge, by the name or address the owning system uses."
PRIORITIES = ("low", "normal", "high", "urgent")


class Opportunity(Entity):
    """A sale that may come about."""

    name: Text = canonical("Name", max_length=500, required=True)
    number: Text = canonical("Number", max_length=100)
    account: Reference = canonical("Account", target="account")
    contact: Reference = canonical("Contact", target="contact")
    stage: Text = canonical("Stage", description="As the selling team names it; teams differ, so this is text.")
    status: Choice = canonical("Status", choices=("open", "won", "lost"))
    amount: Amount = canonical("Amount")
    probability: Number = canonical("Probability", description="In per cent: 75 means three in four.")
    close_date: Date = canonical("Close date", description="Expected while open, actual afterwards.")
    kind: Text = canonical("Kind", description="New business, renewal, …")
    source: Text = canonical("Source")
    next_step: Text = canonical("Next step")
    lost_because: Text = canonical("Lost because")
    owner: Text = canonical("Owner", PERSONAL, _OWNER)
    description: Text = canonical("Description")
    tags: Texts = canonical("Tags")


class Order(Entity):
    """A purchase, with its lines."""

    number: Text = canonical("Number", max_length=100, required=True)
    account: Reference = canonical("Account", target="account")
    contact: Reference = canonical("Contact", target="contact")
    opportunity: Reference = canonical("Opportunity", target="opportunity")
    status: Choice = canonical("Status", choices=("draft", "open", "completed", "cancelled"))
    payment_status: Choice = canonical(
        "Payment",
        choices=("pending", "authorised", "partly_paid", "paid", "partly_refunded", "refunded", "voided", "expired"),
    )
    delivery_status: Choice = canonical("Delivery", choices=("open", "partly_delivered", "delivered", "returned"))
    order_date: Date = canonical("Order date", description="The day on paper, where a system keeps no more.")
    ordered_at: Moment = canonical("Ordered at", description="The moment, where a system keeps it.")
    ship_date: Date = canonical("Ship date")
    cancelled_at: Moment = canonical("Cancelled at")
    cancelled_because: Text = canonical("Cancelled because")
    currency: Text = canonical("Currency", description="ISO 4217 code.", max_length=3)
    subtotal: Amount = canonical("Subtotal", description="Sum of the lines after discounts, before tax and freight.")
    discount: Amount = canonical("Discount", description="On the whole order.")
    freight: Amount = canonical("Freight")
    tax: Amount = canonical("Tax")
    total: Amount = canonical("Total")
    tax_included: Flag = canonical("Tax included", description="Whether unit prices include tax.")
    emails: Emails = canonical("E-mail address", PERSONAL, "Given with the order.")
    phones: Phones = canonical("Telephone number", PERSONAL, "Given with the order.")
    addresses: Addresses = canonical("Addresses", description="Billing and shipping, as they were for this order.")
    lines: Lines = canonical("Lines")
    channel: Text = canonical("Sales channel")
    purchase_number: Text = canonical("Purchase number", description="The buyer's own number.", max_length=100)
    note: Text = canonical("Note", PERSONAL, "What the buyer wrote.")
    tags: Texts = canonical("Tags")


class Case(Entity):
    """A request for help, from its arrival to its answer."""

    subject: Text = canonical("Subject", PERSONAL, max_length=1000, required=True)
    number: Text = canonical("Number", max_length=100)
    description: Text = canonical("Description", PERSONAL)
    account: Reference = canonical("Account", target="account")
    contact: Reference = canonical("Contact", target="contact")
    order: Reference = canonical("Order", target="order")
    parent: Reference = canonical("Parent case", target="case")
    status: Choice = canonical("Status", choices=("new", "open", "waiting", "escalated", "resolved", "closed"))
    priority: Choice = canonical("Priority", choices=PRIORITIES)
    channel: Choice = canonical("Came by", choices=("email", "phone", "web", "chat", "social", "visit", "other"))
    category: Text = canonical("Category")
    reason: Text = canonical("Reason")
    opened_at: Moment = canonical("Opened at")
    closed_at: Moment = canonical("Closed at")
    resolution: Text = canonical("Resolution", PERSONAL)
    owner: Text = canonical("Owner", PERSONAL, _OWNER)
    tags: Texts = canonical("Tags")


class Activity(Entity):
    """Something done with or for a customer: a call, a message, a meeting, a task."""

    kind: Choice = canonical(
        "Kind", choices=("call", "email", "message", "meeting", "visit", "task", "note", "order", "other")
    )
    subject: Text = canonical("Subject", PERSONAL, max_length=1000, required=True)
    description: Text = canonical("Description", PERSONAL)
    account: Reference = canonical("Account", target="account")
    contact: Reference = canonical("Contact", target="contact")
    lead: Reference = canonical("Lead", target="lead")
    opportunity: Reference = canonical("Opportunity", target="opportunity")
    case: Reference = canonical("Case", target="case")
    order: Reference = canonical("Order", target="order")
    status: Choice = canonical("Status", choices=("planned", "in_progress", "waiting", "done", "cancelled"))
    priority: Choice = canonical("Priority", choices=PRIORITIES)
    direction: Choice = canonical("Direction", description="Seen from us.", choices=("inbound", "outbound"))
    due_date: Date = canonical("Due date")
    starts_at: Moment = canonical("Starts at")
    ends_at: Moment = canonical("Ends at")
    completed_at: Moment = canonical("Completed at")
    duration_minutes: Whole = canonical("Duration in minutes")
    location: Text = canonical("Place", PERSONAL)
    upshot: Text = canonical("Upshot", PERSONAL, "What came of it: reached, no answer, appointment made.")
    owner: Text = canonical("Owner", PERSONAL, _OWNER)
    tags: Texts = canonical("Tags")
