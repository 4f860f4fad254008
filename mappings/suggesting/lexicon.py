"""Words by which fields are known in other systems and languages.

Every entry is a comma-separated list of spellings, folded as `mappings.suggesting.names` folds names: small letters, no
accents; spaces only help the eye. Languages are mixed on purpose: a stream with `vorname` and `e-mail` is common.
"""

from __future__ import annotations

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    # A person's name
    "salutation": "salutation, name prefix, prefix, honorific, courtesy title, greeting title, per title, name title,"
    " form of address, anrede, anred, civilite, tratamiento, trato, titolo di cortesia, tratamento, aanhef, tilltal,"
    " 敬称",
    "given_name": "first name, given name, forename, christian name, fname, fst name, name first, person first name,"
    " first names, given names, vorname, vornamen, rufname, namev, prenom, prenoms, nombre de pila, primer nombre,"
    " nombres, nome di battesimo, nome proprio, primeiro nome, voornaam, fornamn, fornavn, imie, etunimi,"
    " 名",
    "middle_name": "middle name, mid name, second name, mname, name middle, middle initial, middle names,"
    " zweiter vorname, zweitname, weitere vornamen, deuxieme prenom, segundo nombre, secondo nome, tweede voornaam,"
    " отчество",
    "family_name": "last name, family name, surname, lname, lst name, name last, person last name, familienname,"
    " nachname, zuname, nom de famille, apellido, apellidos, primer apellido, apellido paterno, cognome, sobrenome,"
    " apelido, achternaam, efternamn, efternavn, etternavn, nazwisko, sukunimi,"
    " 姓, 苗字, 성, фамилия",
    "family_name_prefix": "tussenvoegsel, voorvoegsel, name infix, vorsatzwort, namensvorsatz",
    "second_family_name": "segundo apellido, apellido 2, apellido materno, segundo sobrenome",
    "suffix": "suffix, name suffix, generational suffix, generation suffix, namenszusatz, suffixe, sufijo",
    "full_name": "full name, display name, complete name, name full, contact name, person name, contact person,"
    " contact full name, primary contact name, vollstandiger name, vollstaendiger name, vor und nachname,"
    " ansprechpartner, kontaktperson, nom complet, nom et prenom, prenom et nom, personne de contact, nombre completo,"
    " nombre y apellidos, nombre y apellido, persona de contacto, nome completo, nome e cognome, naam contactpersoon,"
    " contactpersoon,"
    " 氏名, お名前, 名前, 姓名, 성명, фио",
    "customer_name": "customer name, client name, kundenname, nom du client, nombre del cliente, nome cliente,"
    " klantnaam",
    "name": "name, nom, nombre, nome, naam, namn, navn, name 1, nazwa, 이름, имя",
    "nickname": "nickname, known as, preferred name, goes by, spitzname, surnom, apodo, soprannome, roepnaam",
    # How to reach somebody
    "email": "email, email address, mail, mail address, internet email, email addr, smtp addr, emailadresse,"
    " mailadresse, courriel, adresse email, adresse mail, adresse electronique, correo, correo electronico,"
    " direccion de correo, direccion de correo electronico, posta elettronica, indirizzo email, endereco de email,"
    " correio eletronico, emailadres, epost, epostadress, sahkoposti, adres email,"
    " mel, correo e, メールアドレス, メール, 電子メール, 邮箱, 电子邮件, 电子邮箱, 이메일,"
    " почта, эл почта, электронная почта",
    "phone": "phone, telephone, phone number, telephone number, phone no, tel, tel no, tel number, telf 1, telf,"
    " numtelephone, telephone bis, landline, phone num, ph num, ph no, telefon, telefonnummer, festnetz,"
    " rufnummer, telefonnr, telephone fixe, numero de telephone, telefono, telefono fijo, numero de telefono,"
    " numero telefonico, numero di telefono, telefone, telefoon, telefoonnummer, puhelin, numer telefonu, fon,"
    " 電話番号, 電話, お電話番号, 电话, 电话号码, 전화번호, 전화, телефон",
    "mobile": "mobile, mobile phone, mobile number, mobile no, mobile phone number, mobile telephone, cell, cell phone,"
    " cell number, cellular, cellular phone, cell ph num, mob, mob no, sms phone, handy, handynummer, mobil,"
    " mobiltelefon, mobilnummer, mobilfunk, mobiltelefonnummer, portable, telephone portable, mobile portable,"
    " telephone mobile, tel portable, movil, telefono movil, celular, telefono celular, cellulare, telemovel, mobiel,"
    " mobiele telefoon, gsm, telf 2 mobil,"
    " 携帯電話, 携帯番号, 携帯電話番号, 手机, 手机号, 手机号码, 휴대폰, 휴대전화, мобильный телефон, мобильный",
    "fax": "fax, fax number, fax no, fax phone, fax ph num, facsimile, telefax, faxnummer, telfx, telecopie,"
    " numero de fax, numero de telecopie, fax phone number,"
    " ファックス, 传真, 팩스, факс",
    "website": "website, website url, web page, homepage, web address, web, url, webseite, internetseite,"
    " internetadresse, site web, site internet, sitio web, pagina web, sito web, sito internet, webstek, hemsida,"
    " hjemmeside,"
    " ウェブサイト, ホームページ, 网站, 홈페이지, сайт",
    # Where somebody is
    "address": "address, full address, adresse, anschrift, direccion, indirizzo, endereco, domicilio, adres, adress,"
    " postal address, postadresse, postanschrift, adresse postale, direccion postal, street address full,"
    " 住所, ご住所, 地址, 주소, адрес",
    "street": "street, street address, street name, street and number, street line, address street, stras, strasse,"
    " str, strasse und hausnummer, strasse hausnummer, strasse nr, rue, numero et rue, voie, adresse ligne,"
    " ligne adresse, calle, calle y numero, via, rua, logradouro, straat, straatnaam, gata, gade, gate, ulica,"
    " address line, addr line, addr, direccion linea, linea de direccion,"
    " 番地, 街道, улица",
    "house_number": "house number, house no, street number, street no, building number, hausnummer, hausnr,"
    " numero de rue, numero de calle, numero civico, huisnummer, huisnr, husnummer,"
    " дом, номер дома",
    "city": "city, town, city town, town city, city name, locality, municipality, suburb, place of residence, ort,"
    " ort 1, ort 01, stadt, wohnort, ville, localite, commune, ciudad, poblacion, localidad, municipio, citta, comune,"
    " cidade, plaats, woonplaats, stad, postort, poststed, miasto, kaupunki, mcity,"
    " 市区町村, 市町村, 城市, 도시, город",
    "district": "district, city district, county, borough, neighborhood, neighbourhood, ortsteil, stadtteil, landkreis,"
    " ort 02, quartier, arrondissement, distrito, barrio, comarca, quartiere, bairro, wijk",
    "region": "state, province, region, state province, state or province, state region, state code, province code,"
    " state name, state abbreviation, st, regio, bundesland, kanton, canton, provincia, comunidad autonoma,"
    " departement, estado, regione, provincie, lan, administrative area,"
    " 都道府県, 省, 省份, 시도, область, регион",
    "postal_code": "postal code, post code, zip, zip code, zip postal code, postal, plz, pstlz, postleitzahl,"
    " code postal, cp, codigo postal, cap, codice postale, cep, codigo de postal, postnummer, postnr, kod pocztowy,"
    " postinumero, zip 5, zip or postal code, postalzip,"
    " 郵便番号, 邮编, 邮政编码, 우편번호, индекс, почтовый индекс, p code",
    "country": "country, country name, country code, country region, nation, land, land 1, laenderschlussel,"
    " landerkurzel, laenderkuerzel, landeskennzeichen, staat, pays, code pays, pais, codigo de pais, paese, nazione,"
    " landcode, landkode, kraj, maa, country iso, iso country, country iso code, country iso 2, country id iso,"
    " 国, 国名, 国家, 국가, страна",
    # Persons
    "job_title": "job title, position, position title, job, function, role title, job position, stelle,"
    " position im unternehmen, funktion, berufsbezeichnung, stellenbezeichnung, fonction, poste, intitule du poste,"
    " cargo, puesto, puesto de trabajo, qualifica, posizione, functie, funzione, befattning, stanowisko,"
    " business title,"
    " 役職, 职位, 직책, должность",
    "title": "title",
    "personal_title": "titel, titre, titulo, titolo, academic title, akademischer titel, akad titel",
    "occupation": "occupation, profession, beruf, metier, profesion, ocupacion, professione, beroep, yrke",
    "department": "department, dept, department name, dept name, business unit, abteilung, abtnr, service, departement,"
    " departamento, reparto, afdeling, avdelning, avdeling, dzial,"
    " 部署, 部署名, 部门, 부서, отдел",
    "birth_date": "birth date, date of birth, birthday, dob, birth dt, born, born on, gbdat, geburtsdatum, geburtstag,"
    " geb datum, geboren am, geboren, date de naissance, datenaissance, naissance, ne le, dob date,"
    " fecha de nacimiento, fecha nacimiento, nacimiento, cumpleanos, data di nascita, data nascita, datanasc,"
    " data de nascimento, data nascimento, geboortedatum, f nacimiento, fodelsedatum, fodselsdato, data urodzenia,"
    " 生年月日, 誕生日, 出生日期, 生日, 생년월일, дата рождения, ne e le",
    "gender": "gender, sex, gender code, sex mf, geschlecht, gesch, sexe, genre, sexo, genero, sesso, genere, geslacht,"
    " kon, kjonn, plec,"
    " 性別, 性别, 성별, пол",
    "language": "language, preferred language, language code, correspondence language, spoken language, locale, lang,"
    " preferred locale, spras, langu, sprache, korrespondenzsprache, sprachcode, bevorzugte sprache, langue,"
    " langue preferee, idioma, idioma preferido, lingua, taal, sprak, sprog, jezyk",
    "time_zone": "time zone, tz, zeitzone, fuseau horaire, zona horaria, fuso orario, tijdzone",
    "reports_to": "reports to, reporting to, manager, supervisor, boss, vorgesetzter, superieur, responsable directo,"
    " reports to id, manager id, supervisor id",
    "interests": "interests, hobbies, interessen, centres d interet, intereses, interessi, interesses",
    "preferred_channel": "preferred channel, preferred contact method, contact method, preferred contact method code,"
    " preferred method of contact, bevorzugter kanal, bevorzugte kontaktart, canal prefere, canal preferido",
    "annual_income": "annual income, yearly income, income, jahreseinkommen, einkommen, revenu annuel,"
    " ingresos anuales",
    "tags": "tags, tag, labels, keywords, schlagworte, stichworte, schlagworter, etiquettes, etiquetas, etichette",
    "description": "description, notes, note, comments, comment, remarks, remark, memo, bemerkung, bemerkungen, notiz,"
    " notizen, anmerkung, anmerkungen, kommentar, beschreibung, remarque, remarques, commentaire, commentaires,"
    " observaciones, notas, comentarios, descripcion, descrizione, opmerkingen, opmerking, anteckningar,"
    " 備考, 备注, 비고, примечание, комментарий",
    "some_owner": "owner, owner name",
    "owner": "account manager, sales rep, salesperson, sales representative, account owner, contact owner, lead owner,"
    " record owner, relationship manager, betreuer, kundenbetreuer, zustandig, verkaufer, responsable, commercial,"
    " propietario, vendedor, responsabile, eigenaar",
    "contact_number": "contact number, contact no, contact nr, person number, contact code, member number,"
    " membership number, kontaktnummer, personennummer, mitgliedsnummer, numero de contact, numero de contacto,"
    " numero d adherent, lidnummer, parnr,"
    " 会員番号",
    "customer_number": "customer number, customer no, customer nr, customer code, customer num, client number,"
    " client no, client code, cust no, cust num, kundennummer, kundennr, kdnr, kundencode, kunnr, debitorennummer,"
    " debitor, numero client, numero de client, code client, numero de cliente, codigo de cliente, codigo cliente,"
    " numero cliente, codice cliente, klantnummer, kundnummer, numer klienta,"
    " 顧客番号, 顧客コード, 客户编号, 고객번호",
    "active": "active, is active, enabled, is enabled, aktiv, ist aktiv, actif, est actif, activo, attivo, ativo,"
    " actief, aktywny",
    "inactive": "inactive, is inactive, disabled, is disabled, blocked, is blocked, archived, is archived, inaktiv,"
    " gesperrt, inactif, inactivo, bloqueado, inattivo, inactief",
    "email_opt_out": "email opt out, opt out email, opted out of email, has opted out of email, do not email, no email,"
    " unsubscribed, unsubscribed from email, email unsubscribed, opt out, e mail abgemeldet, kein email,"
    " kein newsletter, desabonne, baja de email",
    "email_opt_in": "email opt in, opt in, newsletter, subscribed, newsletter subscription, accepts marketing,"
    " accepts email marketing, marketing opt in, email subscribed, subscribed to newsletter, newsletter abonniert,"
    " newsletter angemeldet, email permission, accord newsletter, abonne newsletter, suscrito, boletin",
    "phone_opt_out": "do not call, do not phone, phone opt out, has opted out of calls, no phone calls, nicht anrufen,"
    " kein anruf, ne pas appeler, no llamar",
    # Organisations
    "company": "company, company name, organisation, organization, organisation name, organization name, business name,"
    " firm, firm name, account name, employer, company or organization, firma, firmenname, firmenbezeichnung,"
    " unternehmen, unternehmensname, gesellschaft, entreprise, societe, nom de l entreprise, nom de la societe,"
    " raison sociale, empresa, nombre de la empresa, compania, azienda, ragione sociale, nome azienda, bedrijf,"
    " bedrijfsnaam, foretag, foretagsnamn, firmanavn, nazwa firmy, org name,"
    " 会社名, 会社, 法人名, 企業名, 公司, 公司名称, 회사, 회사명, компания, организация",
    "legal_name": "legal name, registered name, legal entity name, legal company name, razon social,"
    " denomination legale, handelsname, rechtlicher name, statutaire naam",
    "account_number": "account number, account no, account code, account num, company number, company code, ou num,"
    " konto nr kunde, firmennummer",
    "tax_id": "tax id, tax number, tax identifier, vat, vat id, vat number, vat no, vat reg number, vat reg no,"
    " vat registration number, vat identification number, tax identification number, tax reg number, tin, ein,"
    " tax id number, ust id, ust id nr, umsatzsteuer id, umsatzsteuernummer, steuernummer, stceg, stcd 1, uid nummer,"
    " numero de tva, numero tva, tva intracommunautaire, tva, nif, cif, nif cif, numero de identificacion fiscal,"
    " partita iva, p iva, codice fiscale, btw nummer, momsnummer, cvr nummer vat, nip, cnpj",
    "registration_number": "registration number, company registration number, registration no, company reg no,"
    " commercial register number, handelsregisternummer, hrb, hr nummer, siren, siret, numero siret, numero siren,"
    " registro mercantil, kvk nummer, kvk, organisationsnummer, cvr, krs",
    "domain": "domain, email domain, web domain, mail domain, company domain, domain name, domane, domaine, dominio",
    "industry": "industry, industry name, industry code, industry sector, sector, branche, brsch, wirtschaftszweig,"
    " secteur, secteur d activite, sector industrial, settore, industria, bransch, branza, business sector",
    "employees": "employees, number of employees, no of employees, employee count, num employees, headcount,"
    " mitarbeiter, mitarbeiterzahl, anzahl mitarbeiter, anzahl der mitarbeiter, nombre d employes, effectif,"
    " effectifs, numero de empleados, empleados, numero di dipendenti, dipendenti, aantal medewerkers, nbr employees",
    "annual_revenue": "annual revenue, revenue, yearly revenue, annual turnover, turnover, company revenue, umsatz,"
    " jahresumsatz, umsatz pro jahr, chiffre d affaires, chiffre d affaires annuel, facturacion anual,"
    " ingresos anuales de la empresa, volumen de negocio, fatturato, fatturato annuo, faturamento, omzet, jaaromzet",
    "parent": "parent account, parent company, parent, parent account id, parent id, parent customer, headquarters id,"
    " muttergesellschaft, konzernmutter, societe mere, empresa matriz, societa madre, moederbedrijf",
    "currency": "currency, currency code, currency iso code, iso currency, waehrung, wahrung, waers, devise, monnaie,"
    " moneda, divisa, valuta, moeda",
    "lifecycle": "lifecycle, lifecycle stage, lifecycle status, customer status, customer type, account type,"
    " contact type, relationship type, kundenstatus, kundenart, statut client, tipo de cliente",
    "status": "status, state of record, lead status, order status, case status, ticket status, zustand, statut, estado"
    " del registro, stato, order state",
    # What happens with customers
    "source": "source, lead source, origin, came from, herkunft, quelle, lead quelle, origine, source du lead, origen,"
    " origen del lead, provenienza, fonte, bron",
    "rating": "rating, lead rating, einstufung, evaluation, calificacion, valutazione",
    "score": "score, lead score, punktzahl, punkte, puntuacion, punteggio",
    "number": "number, order number, order no, order id, order name, order num, case number, ticket number, ticket id,"
    " opportunity number, document number, nummer, belegnummer, auftragsnummer, bestellnummer, vbeln, fallnummer,"
    " numero, numero de commande, numero de pedido, numero ordine, ordernummer, numero de ticket",
    "subject": "subject, betreff, objet, sujet, asunto, oggetto, onderwerp, amne, emne",
    "order_date": "order date, date of order, purchase date, bestelldatum, auftragsdatum, date de commande,"
    " fecha de pedido, fecha del pedido, data ordine, besteldatum, erdat",
    "ship_date": "ship date, shipped date, shipping date, shipped on, date shipped, versanddatum, lieferdatum,"
    " date d expedition, fecha de envio, data di spedizione, verzenddatum",
    "subtotal": "subtotal, net amount, zwischensumme, nettobetrag, sous total, imponibile, subtotaal, netwr",
    "total": "total, total amount, grand total, order total, gesamtbetrag, gesamtsumme, summe, montant total,"
    " importe total, totale, totaal, total price, order amount",
    "tax": "tax, tax amount, total tax, steuer, steuerbetrag, mehrwertsteuer, montant tva, impuesto, iva, imposta",
    "freight": "freight, shipping cost, shipping costs, freight amount, versandkosten, fracht, frais de port,"
    " gastos de envio, spese di spedizione, verzendkosten",
    "discount": "discount, discount amount, order discount, rabatt, remise, descuento, sconto, korting",
    "purchase_number": "purchase number, po number, purchase order number, customer po, customer po number, po no,"
    " kundenbestellnummer, bstkd, numero de bon de commande, your reference",
    "stage": "stage, sales stage, stage name, deal stage, pipeline stage, verkaufsphase, phase, etape, etapa, fase",
    "amount": "amount, deal amount, value, estimated value, expected revenue, betrag, montant, importe, importo,"
    " bedrag",
    "probability": "probability, win probability, chance, wahrscheinlichkeit, probabilite, probabilidad, probabilita",
    "close_date": "close date, closing date, expected close date, estimated close date, est close date, abschlussdatum,"
    " date de cloture, fecha de cierre, data di chiusura, sluitingsdatum",
    "next_step": "next step, next steps, nachster schritt, prochaine etape, siguiente paso, prossimo passo",
    "priority": "priority, prioritat, prioritaet, priorite, prioridad, priorita, prioriteit",
    "due_date": "due date, due on, due, faellig am, fallig am, falligkeit, echeance, date d echeance, fecha limite,"
    " fecha de vencimiento, scadenza, vervaldatum",
    "opened_at": "opened at, opened on, opened date, date opened, open date, eroffnet am, ouvert le, abierto el",
    "closed_at": "closed at, closed on, closed date, date closed, geschlossen am, ferme le, cerrado el",
    "location": "location, place, venue, treffpunkt, lieu, lugar, luogo",
    "starts_at": "starts at, start time, start date time, start, begins at, beginn",
    "ends_at": "ends at, end time, end date time, ends on, ende",
}
"""What a field can mean, and how it is called. A meaning is a canonical field, or what `mappings.suggesting.places`
makes of it."""

ALONE: Mapping[str, str] = {"first": "given_name", "last": "family_name", "post": "postal_code", "uf": "region"}
"""Words that mean something where they are the whole name, and little inside another."""

USES: Mapping[str, str] = {
    "billing": "billing, bill, bill to, invoice, invoicing, invoice to, rechnung, rechnungs, facturation,"
    " facturacion, fatturazione, factuur, faktura, fakturierung",
    "shipping": "shipping, ship, ship to, delivery, deliver to, liefer, lieferung, lieferungs, versand,"
    " livraison, envio, entrega, spedizione, consegna, levering, leverans, verzend",
    "mailing": "mailing, post, correspondence, korrespondenz, correspondance",
    "home": "home, private, personal, residential, residence, privat, zuhause, domicile, prive, personnel, particular,"
    " casa, thuis, hem",
    "work": "work, business, office, bus, geschaft, geschaftlich, geschaeftlich, dienst, dienstlich, arbeit, buro,"
    " bureau, travail, professionnel, trabajo, oficina, lavoro, ufficio, werk, zakelijk, arbete, direct, daytime",
    "other": "other, secondary, alternate, alternative, alt, andere, weitere, autre, secondaire, otro, otra,"
    " secundario, altro, secondario, ander, additional",
}
"""Which one of several addresses, telephones or e-mail addresses is meant."""

PERSON = (
    "contact, person, individual, people, kontakt, personne, persona, contatto, contacto, particulier, buyer, member,"
    " subscriber, patient, student, guest, employee, lead, prospect"
)
ORGANISATION = (
    "company, account, organisation, organization, org, business partner, firm, firma, unternehmen, firmen, kunden,"
    " entreprise, societe, empresa, azienda, bedrijf, corporate, corp, hq, headquarters"
)
EITHER = (
    "customer, client, cust, custentity, kunde, clients, cliente, klant, primary, main, default, hs, current, first"
    " line, haupt, principal, principale, hoofd, general, entity, partner, bp, the, of, de, du, des, del, di, da, la,"
    " le, el, der, die, das, van, and, or, und, et, y, c, custom, field, crm, no of, user, preferred, 01"
)
"""Words that say whose field it is, or nothing at all."""

ABBREVIATED: Mapping[str, str] = {
    "fst": "first",
    "nm": "name",
    "ln": "line",
    "cty": "city",
    "cntry": "country",
    "ctry": "country",
    "cod": "codigo",
    "prov": "provincia",
    "tfno": "telefono",
    "tlf": "telefono",
    "dienstl": "dienstlich",
    "priv": "privat",
    "lst": "last",
    "addr": "address",
    "adr": "address",
    "tel": "telephone",
    "mobilnr": "mobilnummer",
    "telcel": "cellulare",
    "numtel": "telefono",
    "ph": "phone",
    "phn": "phone",
    "nr": "number",
    "no": "number",
    "nbr": "number",
    "num": "number",
    "dt": "date",
    "cd": "code",
    "mob": "mobile",
}
"""Short words that stand for a longer one inside names of several words."""

NOT_THESE = (
    "user name, login, login name, file name, product name, host name, ip address, mac address, user id,"
    " bank account number, bank account, credit card number, card number, first line, company address count"
)
"""Names that look like something and are something else."""

CHOICES: Mapping[str, Mapping[str, str]] = {
    "gender": {
        "female": "女, 女性, 여, 여성, ж, женский,"
        " female, f, w, woman, weiblich, frau, femme, feminin, mujer, femenino, femmina, femminile, vrouw,"
        " kvinna, kvinde, 2",
        "male": "男, 男性, 남, 남성, м, мужской,"
        " male, m, man, mann, mannlich, maennlich, homme, masculin, hombre, masculino, maschio, maschile, 1",
        "other": "other, x, d, divers, diverse, non binary, autre, otro, altro, andere, 3, 9",
        "undisclosed": "undisclosed, unknown, not specified, unspecified, not stated, prefer not to say, u, n, 0,"
        " unbekannt, keine angabe, inconnu, desconocido, none",
    },
    "lifecycle": {
        "subscriber": "subscriber, abonnent, abonne, suscriptor",
        "lead": "lead, new lead, marketing qualified lead, sales qualified lead, interessent",
        "prospect": "prospect, opportunity, prospective customer, potential, potential customer, prospecto",
        "customer": "customer, client, kunde, cliente, customer direct, customer channel, active customer, klant,"
        " buyer",
        "partner": "partner, channel partner, reseller, channel partner reseller, associe, socio",
        "supplier": "supplier, vendor, lieferant, fournisseur, proveedor, fornitore, leverancier",
        "former": "former, former customer, ex customer, churned, lost, inactive, ehemalig, ancien client",
        "other": "other, sonstige, autre, otro, altro",
    },
    "status": {
        "new": "new, neu, nouveau, nuevo, nuovo, open not contacted, not contacted, not started",
        "open": "open, offen, ouvert, abierto, aperto, active, activated, in bearbeitung",
        "working": "working, contacted, working contacted, attempted to contact, in progress, in kontakt",
        "qualified": "qualified, closed converted qualified, qualifiziert, qualifie, calificado",
        "unqualified": "unqualified, closed not converted, disqualified, junk, junk lead, lost lead, not qualified",
        "converted": "converted, closed converted, konvertiert, converti, convertido",
        "waiting": "waiting, on hold, pending, pending input, waiting on customer, wartend, en attente, en espera",
        "escalated": "escalated, eskaliert",
        "resolved": "resolved, solved, gelost, resolu, resuelto, risolto",
        "closed": "closed, geschlossen, ferme, cerrado, chiuso, gesloten",
        "won": "won, closed won, gewonnen, gagne, ganado",
        "lost": "lost, closed lost, verloren, perdu, perdido",
        "draft": "draft, entwurf, brouillon, borrador, bozza",
        "completed": "completed, complete, done, erledigt, abgeschlossen, termine, completado, fulfilled, shipped",
        "cancelled": "cancelled, canceled, storniert, annule, cancelado, annullato, voided",
        "planned": "planned, not started, geplant, planifie, planificado",
        "in_progress": "in progress, in arbeit, en cours, en curso, in corso",
        "done": "done, completed, complete, finished, erledigt, termine, hecho",
    },
    "rating": {"hot": "hot, heiss, chaud, caliente", "warm": "warm, tiede, tibio", "cold": "cold, kalt, froid, frio"},
    "priority": {
        "low": "low, niedrig, gering, basse, faible, baja, bassa, laag, 3",
        "normal": "normal, medium, mittel, moyenne, media, standard, 2",
        "high": "high, hoch, haute, elevee, alta, hoog, 1",
        "urgent": "urgent, critical, highest, dringend, urgente, kritisch, urgence",
    },
    "preferred_channel": {
        "email": "email, mail, correo",
        "phone": "phone, telephone, telefon, call, telefono",
        "sms": "sms, text, text message",
        "post": "post, letter, postal mail, brief, courrier, carta",
        "chat": "chat, messenger",
        "none": "none, keine, aucun, ninguno",
    },
}
"""Canonical choices, and how they are written elsewhere."""

SWITCHES: tuple[tuple[str, str], ...] = (
    ("1", "0"),
    ("t", "f"),
    ("on", "off"),
    ("active", "inactive"),
    ("enabled", "disabled"),
    ("aktiv", "inaktiv"),
    ("actif", "inactif"),
)
"""Words for true and false that go together, besides those of the transform `boolean`."""

SALUTATIONS = (
    "mr, mrs, ms, miss, mx, dr, prof, sir, madam, herr, frau, herrn, fraulein, dr med, monsieur, madame, mademoiselle,"
    " m, mme, mlle, sr, sra, srta, senor, senora, sig, sig ra, dott, don, dona, dhr, mevr, mevrouw, de heer, hr, fr"
)
SUFFIXES = "jr, sr, ii, iii, iv, phd, md, esq, dds, mba, cpa, dvm, rn"
