//! Names for synthetic people, places and rooms. Data only; each name has its ASCII form for the user
//! principal name, because Entra allows no accents there.

/// Given names: as written, and in ASCII.
pub const GIVEN: &[(&str, &str)] = &[
    ("Anna", "anna"),
    ("Søren", "soren"),
    ("Åse", "aase"),
    ("José", "jose"),
    ("Zoë", "zoe"),
    ("Łukasz", "lukasz"),
    ("Jürgen", "jurgen"),
    ("Siobhán", "siobhan"),
    ("İpek", "ipek"),
    ("Mária", "maria"),
    ("Niels", "niels"),
    ("Priya", "priya"),
    ("Mohammed", "mohammed"),
    ("Χρήστος", "christos"),
    ("伟", "wei"),
    ("さくら", "sakura"),
    ("Дмитрий", "dmitri"),
    ("Anne-Marie", "anne-marie"),
    ("Freja", "freja"),
    ("Oliver", "oliver"),
    ("Noah", "noah"),
    ("Chloé", "chloe"),
    ("Nguyễn", "nguyen"),
    ("Yusuf", "yusuf"),
];

/// Surnames: as written, and in ASCII (an apostrophe is allowed in a user principal name, and stays).
pub const FAMILY: &[(&str, &str)] = &[
    ("Jensen", "jensen"),
    ("Nielsen", "nielsen"),
    ("O'Brien", "o'brien"),
    ("D'Angelo", "d'angelo"),
    ("Sørensen", "sorensen"),
    ("Møller Hansen", "moller.hansen"),
    ("García Márquez", "garcia.marquez"),
    ("Müller", "muller"),
    ("Weiß", "weiss"),
    ("Kowalczyk", "kowalczyk"),
    ("Yılmaz", "yilmaz"),
    ("Παπαδόπουλος", "papadopoulos"),
    ("王", "wang"),
    ("田中", "tanaka"),
    ("Иванов", "ivanov"),
    ("Novák", "novak"),
    ("Østergaard", "ostergaard"),
    ("van der Berg", "vanderberg"),
    ("Smith-Jones", "smith-jones"),
    ("Petersen", "petersen"),
    ("Lindqvist", "lindqvist"),
    ("Ó Súilleabháin", "osuilleabhain"),
    ("Kaur", "kaur"),
    ("Schmidt", "schmidt"),
];

/// Offices, as people type them into `physicalDeliveryOfficeName`.
pub const OFFICES: &[&str] = &[
    "Aarhus, Building 5",
    "København Ø",
    "Odense \"Havnen\"",
    "Malmö / Väst",
    "Zürich 4. OG",
    "Kraków – Rynek",
    "Dublin, St. Stephen's Green",
    "東京 本社",
    "Esbjerg",
    "Aalborg & Nord",
];

/// Values of `jobTitle`, some beyond ASCII.
pub const TITLES: &[&str] = &[
    "Advisor",
    "Senior Advisor",
    "Branch Manager",
    "Mortgage Specialist",
    "Assistant",
    "Rådgiver",
];

/// Values of `department`, one with an ampersand.
pub const DEPARTMENTS: &[&str] = &["Private Banking", "Business", "Mortgages", "R&D", "Support"];

/// Names of rooms; the generator adds floor and seats.
pub const ROOMS: &[&str] = &[
    "Mars",
    "Venus",
    "Ørsted",
    "Bohr",
    "Curie",
    "Galilei's",
    "Noether",
    "Kepler",
    "Turing",
    "Lovelace",
];
