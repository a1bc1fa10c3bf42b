"""Tickets of an ordinary desk that were solved, and new ones that are told in other words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from maild.desk.models import Message, Person, Ticket

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

# name: language, subject, first message, what solved it
SOLVED = {
    "vpn": (
        *("en", "VPN does not connect", "Hello, since this morning the VPN client stops at 98% with error 809."),
        "Renewed the expired certificate of the VPN gateway and restarted the client.",
    ),
    "toner": (
        *("en", "Printer on floor 3 prints stripes", "Every page from the big printer has black stripes on it."),
        "Replaced the toner cartridge and cleaned the drum.",
    ),
    "outlook": (
        *("en", "Outlook keeps asking for my password", "Outlook shows a password prompt again and again."),
        "Removed the stale entry from the credential manager, Outlook signs in again.",
    ),
    "disk": (
        *("en", "Laptop says the disk is full", "My laptop shows: low disk space on drive C. I cannot save files."),
        "Emptied the update cache; 40 GB free on drive C.",
    ),
    "badge": (
        *("en", "Badge does not open the garage door", "My new badge is rejected by the reader at the garage."),
        "Added the garage zone to the badge profile.",
    ),
    "stampante": (
        *("it", "La stampante dell'amministrazione non stampa", "Le stampe restano in coda e non esce nessun foglio."),
        "Svuotata la coda di stampa e riavviato lo spooler.",
    ),
    "fatture": (
        *("it", "Gestionale bloccato durante la fatturazione", "Quando apro una fattura il gestionale si blocca."),
        "Ricostruito l'indice della tabella fatture del gestionale.",
    ),
    "wifi": (
        *("it", "Wi-Fi assente in sala riunioni", "In sala riunioni il Wi-Fi non si aggancia, la rete ospiti nemmeno."),
        "Sostituito l'access point della sala riunioni.",
    ),
    "firma": (
        *(
            "it",
            "Smart card per la firma digitale non letta",
            "Il lettore non vede la smart card della firma digitale.",
        ),
        "Reinstallato il driver del lettore di smart card.",
    ),
    "kalender": (
        *("da", "Kan ikke se den fælles kalender", "Den fælles kalender er forsvundet fra min Outlook."),
        "Gav brugeren læseadgang til den fælles kalender igen.",
    ),
    "scanner": (
        *("da", "Scanneren sender ingen filer til mappen", "Når jeg scanner, kommer filerne ikke i mappen på drevet."),
        "Opdaterede adgangskoden til scannerens konto på fildrevet.",
    ),
    "telefon": (
        *("da", "Headset har ingen lyd i Teams", "Mit headset giver ingen lyd, når jeg ringer op i Teams."),
        "Valgte headsettet som lydenhed i Teams og opdaterede firmwaren.",
    ),
}
# what is solved: language, subject, first message of a new one like it
REWORDED = {
    "vpn": ("en", "Cannot connect from home", "My VPN client shows an error when connecting to the gateway."),
    "toner": ("en", "Bad print quality", "Black stripes on all pages that we are printing on the third floor."),
    "outlook": ("en", "Password prompts", "Please help: Outlook is prompting for passwords all the time."),
    "disk": ("en", "No space left", "I can not save anything, drive C of the laptop is full."),
    "badge": ("en", "Garage", "The door of the garage does not react to my badge."),
    "stampante": ("it", "Stampa ferma", "Buongiorno, tutte le stampe restano nella coda della stampante."),
    "fatture": ("it", "Errore fatture", "Aprendo le fatture si blocca il gestionale, potete aiutarmi?"),
    "wifi": ("it", "Rete", "Nella sala riunioni non funziona il Wi-Fi."),
    "firma": ("it", "Firma digitale", "Il pc non legge più la smart card."),
    "kalender": ("da", "Fælles kalenderen", "Hej, jeg kan ikke længere åbne den faelles kalender i Outlook."),
    "scanner": ("da", "Scan til mappe", "Der kommer ingen filer i mappen, når vi bruger scanneren."),
    "telefon": ("da", "Ingen lyd", "Jeg kan ikke høre noget i mit headset under et opkald i Teams."),
}
STRANGE = (
    ("en", "New colleague starts in January", "Could you prepare an account and a desk for Peter, please?"),
    ("en", "Coffee machine", "The coffee machine in the kitchen leaks water since this morning."),
    ("en", "Question about holidays", "Hello, whom do I ask about carrying over my holidays to the next year?"),
    ("it", "Richiesta sedia", "Buongiorno, avrei bisogno di una sedia ergonomica nuova. Grazie mille."),
    ("da", "Ny skærm", "Hej, jeg vil gerne bestille en ekstra skærm til mit kontor. Med venlig hilsen"),
)


def person(name: str = "Carla Webb", address: str = "carla@customer.example") -> Person:
    found: Person | None = Person.get_or_none(address=address)
    return found or Person.create(address=address, name=name, created_at=NOW)


def ticket(language: str, subject: str, text: str, resolution: str | None = None, **more: Any) -> Ticket:
    """A ticket with its first message; with a resolution it is resolved."""
    common = {"prefix": "INC", "type": "incident", "priority": "medium", "impact": "medium", "urgency": "medium"}
    values: dict[str, Any] = {
        **common,
        "line": "L1",
        "account": "support",
        "tags": [],
        "language": language,
        "subject": subject,
        "status": "resolved" if resolution else "new",
        "resolution": resolution,
        "requester": person(),
        "opened_at": NOW,
        "resolved_at": NOW + timedelta(hours=1) if resolution else None,
    }
    made: Ticket = Ticket.create(**{**values, **more})
    Message.create(
        ticket=made,
        direction="in",
        author=made.requester.address,
        author_name=made.requester.name,
        verified=True,
        visibility="public",
        at=NOW,
        text=text,
        attachments=[],
    )
    return made
