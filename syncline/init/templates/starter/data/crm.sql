CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    given_name TEXT,
    family_name TEXT NOT NULL,
    job_title TEXT,
    email TEXT UNIQUE,
    mobile TEXT,
    town TEXT,
    country TEXT,
    syncline_id TEXT UNIQUE
);
INSERT INTO people (id, given_name, family_name, job_title, email, mobile, town, country) VALUES
    (1, 'Ada', 'Lindqvist', 'Head of Purchasing', 'ada.lindqvist@example.com', NULL, 'Potsdam', 'DE'),
    (2, 'Bruno', 'Castellani', 'Owner', 'bruno.castellani@example.com', '+49 30 23125 031', 'Torino', 'IT'),
    (3, 'Chiyo', 'Nakamura', NULL, 'chiyo.nakamura@example.com', '+49 30 23125 027', 'Hamburg', 'DE'),
    (4, 'Gustavo', 'Peña', 'Technical Buyer', 'gustavo.pena@example.org', '+49 30 23125 052', 'Sevilla', 'ES'),
    (5, 'Hannah', 'Weiß', 'Controller', 'hannah.weiss@example.net', NULL, 'Graz', 'AT');
