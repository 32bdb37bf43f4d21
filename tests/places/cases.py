"""What people write, where the answer is from, and which place they mean: (name, region, country), and how many others.

Region and country are the row's own columns. None: no place of the gazetteer, so the provider's geocoder is asked.
"""

from typing import NamedTuple

from cityweather.places.matching import Asked

Place = tuple[str, str, str]


class Case(NamedTuple):
    asked: Asked
    source: str | None
    place: Place | None
    ambiguous: int = 0


def found(name: str, place: Place, ambiguous: int = 0, *, region: str = "", country: str = "") -> Case:
    return Case(Asked(name, region, country), "gazetteer", place, ambiguous)


def unknown(name: str, *, region: str = "", country: str = "") -> Case:
    return Case(Asked(name, region, country), None, None)


def located(name: str, latitude: float, longitude: float, place: Place | None, country: str = "") -> Case:
    return Case(Asked(name, "", country, latitude, longitude), "file", place)


LONDON = ("London", "England", "GB")
NEW_YORK = ("New York City", "New York", "US")
PARIS = ("Paris", "Île-de-France", "FR")
BOGOTA = ("Bogotá", "Bogotá D.C.", "CO")
MUNICH = ("Munich", "Bavaria", "DE")
MOSCOW = ("Moscow", "Moscow", "RU")
WASHINGTON = ("Washington", "District of Columbia", "US")
PETERSBURG = ("Saint Petersburg", "Sankt-Peterburg", "RU")

CAPITALS = [
    found("Paris", ("Paris", "Île-de-France", "FR"), 6),
    found("Berlin", ("Berlin", "Berlin", "DE")),
    found("Tokyo", ("Tokyo", "Tokyo", "JP")),
    found("Islamabad", ("Islamabad", "Islamabad", "PK"), 2),  # a name of Chattogram, once
    found("Dili", ("Dili", "Díli", "TL"), 1),
    found("Mexico City", ("Mexico City", "Mexico City", "MX")),
    found("Mexico", ("Mexico City", "Mexico City", "MX"), 1),  # there is a Mexico in the Philippines
    found("Singapore", ("Singapore", "", "SG")),
    found("Singapore", ("Singapore", "", "SG"), region="Singapore", country="SG"),
    found("Washington", WASHINGTON, 4),  # or the state
]

NAMESAKES = [
    found("London", LONDON, 4),
    found("Springfield", ("Springfield", "Missouri", "US"), 19),
    found("Springfield", ("Springfield", "Illinois", "US"), region="Illinois", country="US"),
    found("Springfield", ("Springfield", "Massachusetts", "US"), region="MA", country="USA"),
    found("Porto", ("Porto", "Porto", "PT"), 4),  # not Bordeaux, which is a Porto, too
    found("Zaragoza", ("Zaragoza", "Aragón", "ES"), 6),
    found("Parma", ("Parma", "Emilia-Romagna", "IT"), 2),
    found("Montgomery", ("Montgomery", "Alabama", "US"), 2),
    found("Calcutta", ("Kolkata", "West Bengal", "IN"), 1),  # there is one in South Africa
    found("Valencia", ("Valencia", "Valencia", "ES"), country="Spain"),
]

WITH_STATES = [
    found("Richmond, CA", ("Richmond", "British Columbia", "CA"), 1),  # Canada's is larger than California's
    found("Richmond, California", ("Richmond", "California", "US")),
    found("Richmond, VA", ("Richmond", "Virginia", "US")),  # VA is the Vatican
    found("San Jose, CA", ("San Jose", "California", "US")),
    found("Portland, OR", ("Portland", "Oregon", "US")),
    found("Portland, ME", ("Portland", "Maine", "US")),  # ME is Montenegro
    found("Athens, GA", ("Athens", "Georgia", "US")),  # GA is Gabon
    found("Atlanta, Georgia", ("Atlanta", "Georgia", "US")),
    found("Tbilisi, Georgia", ("Tbilisi", "Tbilisi", "GE")),
    found("Springfield, IL", ("Springfield", "Illinois", "US")),  # IL is Israel
    found("Wilmington, DE", ("Wilmington", "Delaware", "US")),  # DE is Germany
    found("Washington, DC", WASHINGTON),
    found("Washington, D.C.", WASHINGTON),
    found("Paris, TX", ("Paris", "Texas", "US")),
    found("Paris, Texas, USA", ("Paris", "Texas", "US")),
    found("San Juan, PR, US", ("San Juan", "San Juan", "PR")),
    found("Vancouver, BC", ("Vancouver", "British Columbia", "CA")),
    found("London, Ontario", ("London", "Ontario", "CA")),
    found("London, ON, Canada", ("London", "Ontario", "CA")),
    found("Perth, WA", ("Perth", "Western Australia", "AU")),
    found("Newcastle, NSW", ("Newcastle", "New South Wales", "AU")),
    found("sao paulo, sp", ("São Paulo", "São Paulo", "BR")),
    found("Bern, BE", ("Bern", "Bern", "CH")),  # BE is Belgium
    found("Salem, IN", ("Salem", "Tamil Nādu", "IN"), 1),  # or the small one in Indiana
    found("Salamanca, CL", ("Salamanca", "Castille and León", "ES"), 1),  # or the small one in Chile
    found("Richmond, TAS", ("Richmond", "Tasman", "NZ"), 1),  # or the small one in Tasmania
    found("London, CA", ("London", "Ontario", "CA"), 1),  # or the small one in California
    found("Salem, India", ("Salem", "Tamil Nādu", "IN")),
    found("Salem", ("Salem", "Tamil Nādu", "IN"), country="IN"),
    found("Salem, OR", ("Salem", "Oregon", "US")),
    found("Vancouver, CA", ("Vancouver", "British Columbia", "CA")),  # California has none
    found("Santa Rosa, AR", ("Santa Rosa", "La Pampa", "AR"), 1),
    found("Berlin, DE", ("Berlin", "Berlin", "DE")),  # the Berlin of the US is much smaller
    found("Mumbai, IN", ("Mumbai", "Mahārāshtra", "IN")),
    found("Cordoba, AR", ("Córdoba", "Córdoba", "AR")),
    found("Springfield, US-MO", ("Springfield", "Missouri", "US")),
]

WITH_COUNTRIES = [
    found("Paris,France", ("Paris", "Île-de-France", "FR")),
    found("Paris, FR", ("Paris", "Île-de-France", "FR")),
    found("Paris", ("Paris", "Île-de-France", "FR"), country="FRA"),
    found("London,United Kingdom", LONDON),
    found("London, UK", LONDON),
    found("London", LONDON, country="England"),
    found("Newport, England", ("Newport", "England", "GB"), 1),
    found("Newport, Wales", ("Newport", "Wales", "GB")),
    found("Munich, Bayern, Deutschland", MUNICH),
    found("Hong Kong, China", ("Hong Kong", "", "HK"), 1),
    found("Tripoli, Lebanon", ("Tripoli", "Ash Shimāl", "LB")),
    found("La Paz, MX", ("La Paz", "Baja California Sur", "MX")),
    found("San José, Costa Rica", ("San José", "San José", "CR"), 1),
    found("Victoria, SC", ("Victoria", "English River", "SC")),  # the Seychelles
]

IN_OTHER_LANGUAGES = [
    found("Bruxelles", ("Brussels", "Brussels Capital", "BE"), country="Belgique"),
    found("Antwerpen", ("Antwerp", "Flanders", "BE"), country="België"),
    found("Alger", ("Algiers", "Alger", "DZ"), country="Algérie"),
    found("Phnom Penh", ("Phnom Penh", "Phnom Penh", "KH"), country="Cambodge"),
    found("Londra", LONDON, country="Regno Unito"),
    found("Londra, Birleşik Krall\u0131k", LONDON),
    found("東京", ("Tokyo", "Tokyo", "JP"), country="日本"),
    found("Dublin", ("Dublin", "Leinster", "IE"), country="Éire"),
    found("Quito", ("Quito", "Pichincha", "EC"), country="Équateur"),
    found("Київ", ("Kyiv", "Kyiv", "UA"), country="Україна"),
    found("London", ("London", "Ontario", "CA"), country="แคนาดา"),
    found("London", ("London", "Ontario", "CA"), country="קנדה"),
    found("London", LONDON, country="Spojené kráľovstvo"),
    found("Hanoi", ("Hanoi", "Hà Nội", "VN"), country="Việt Nam"),
    unknown("Paris", country="Belgique"),
]

SHORTENED = [
    found("San Jose, Calif.", ("San Jose", "California", "US")),
    found("Springfield, Mass.", ("Springfield", "Massachusetts", "US")),
    found("Paris", ("Paris", "Texas", "US"), region="Tex.", country="USA"),
    found("Charleston, W.Va.", ("Charleston", "West Virginia", "US")),
    found("Salem, Ore.", ("Salem", "Oregon", "US")),
    found("London, Ont.", ("London", "Ontario", "CA")),
    found("Mt. Vernon, NY", ("Mount Vernon", "New York", "US")),
    found("Ft. Worth", ("Fort Worth", "Texas", "US")),
    found("Ft Worth, Tex", ("Fort Worth", "Texas", "US")),
    found("NYC", ("New York City", "New York", "US")),
    found("LA", ("Los Angeles", "California", "US")),
    found("SF", ("San Francisco", "California", "US")),
    found("Cœur d'Alene", ("Coeur d'Alene", "Idaho", "US")),
    found("OFallon, MO", ("O'Fallon", "Missouri", "US")),
    found("Bogotá, D.C.", BOGOTA),
    found("Bogotá, D.C., Colombia", BOGOTA),
    found("Bogotá D.C.", BOGOTA),
    found("Bogotá, DC", BOGOTA),
    found("Bogota DC", BOGOTA),
    found("México, D.F.", ("Mexico City", "Mexico City", "MX")),
    found("Brasilia DF", ("Brasília", "Federal District", "BR")),
    found("Washington DC", WASHINGTON),
    found("Washington D.C.", WASHINGTON),
    found("Konigsberg", ("Kaliningrad", "Kaliningradskaya oblast'", "RU")),
]

WITH_COUNTIES = [  # of which we know none, so one other place may be meant
    found("Guildford", ("Guildford", "England", "GB"), 1, region="Surrey", country="GB"),
    found("Guildford, Surrey, UK", ("Guildford", "England", "GB"), 1),
    found("Guildford", ("Guildford", "England", "GB"), 1, region="Surrey", country="England"),
    found("Lyon", ("Lyon", "Auvergne-Rhône-Alpes", "FR"), 1, region="Rhône", country="France"),
    found("Lyon", ("Lyon", "Auvergne-Rhône-Alpes", "FR"), region="Auvergne-Rhône-Alpes", country="France"),
    found("Lyon", ("Lyon", "Auvergne-Rhône-Alpes", "FR"), region="Rhône-Alpes", country="France"),  # until 2015
    found("Sochi", ("Sochi", "Krasnodarskiy kray", "RU"), region="Krasnodar Krai", country="Russia"),
    found("Sochi", ("Sochi", "Krasnodarskiy kray", "RU"), region="Krasnodar"),
    found("Hyderabad", ("Hyderabad", "Telangāna", "IN"), region="TG", country="IN"),
    found("Saint-Denis", ("Saint-Denis", "Île-de-France", "FR"), 1, region="Seine-Saint-Denis", country="FR"),
    # No part of the region of that name, but in its middle.
    found("Buenos Aires", ("Buenos Aires", "Buenos Aires F.D.", "AR"), region="Buenos Aires", country="AR"),
    found("Minsk", ("Minsk", "Horad Minsk", "BY"), region="Minsk", country="Belarus"),
    unknown("Ontario", region="Ontario", country="CA"),
    found("Firenze", ("Florence", "Tuscany", "IT"), 1, region="FI", country="IT"),
    found("Milano", ("Milan", "Lombardy", "IT"), 1, region="MI", country="IT"),  # Michigan is not in Italy
    found("Firenze, FI, IT", ("Florence", "Tuscany", "IT"), 1),
    found("Milano, MI, IT", ("Milan", "Lombardy", "IT"), 1),
    found("Granada", ("Granada", "Andalusia", "ES"), region="Granada", country="Spain"),  # the province around it
    found("Springfield", ("Springfield", "Missouri", "US"), 20, region="Sangamon County", country="US"),
    found("Oakland, Alameda County, CA", ("Oakland", "California", "US"), 1),
    found("Oakland, Alameda County, California, USA", ("Oakland", "California", "US"), 1),
    unknown("Oakland, Alameda County, Nevada"),
    unknown("Oakland, Nevada, California"),
    unknown("Guildford", region="Surrey"),  # nothing says in which country it is
    unknown("Guildford", region="Scotland", country="GB"),
    unknown("Guildford", region="Surrey", country="FR"),
    unknown("Lyon", region="Bretagne", country="France"),
    unknown("Firenze", region="Lombardia", country="IT"),
    unknown("London", region="France", country="GB"),
]

OTHER_NAMES_AND_SCRIPTS = [
    found("Munich", MUNICH),
    found("München", MUNICH),
    found("MÜNCHEN", MUNICH),
    found("Monaco di Baviera", MUNICH),
    found("北京", ("Beijing", "Beijing", "CN")),
    found("Peking", ("Beijing", "Beijing", "CN")),
    found("Москва", MOSCOW, 1),
    found("القاهرة", ("Cairo", "Al Qāhirah", "EG")),
    found("纽约", NEW_YORK),
    found("뉴욕", NEW_YORK),
    found("نيويورك", NEW_YORK),
    found("伦敦", LONDON, 1),
    found("ロンドン", LONDON, 1),
    found("לונדון", LONDON, 1),
    found("巴黎", PARIS),
    found("パリ", PARIS),
    found("罗马", ("Rome", "Latium", "IT")),
    found("维也纳", ("Vienna", "Vienna", "AT")),
    found("基辅", ("Kyiv", "Kyiv", "UA")),
    found("サラエボ", ("Sarajevo", "Federation of Bosnia and Herzegovina", "BA")),
    found("奥克兰", ("Auckland", "Auckland", "NZ"), 1),  # Oakland is written so, too
    found("Джайпур", ("Jaipur", "Rājasthān", "IN")),  # not Jayapura, which CLDR calls so
    found("Firenze", ("Florence", "Tuscany", "IT")),
    found("Bombay", ("Mumbai", "Mahārāshtra", "IN")),
]

SPELLINGS = [
    found("Saint Petersburg", PETERSBURG, 1),
    found("St. Petersburg", ("St. Petersburg", "Florida", "US"), 1),  # written as Florida's is
    found("St. Petersburg", PETERSBURG, country="Russia"),
    found("St Petersburg", PETERSBURG, 1),
    found("St John's", ("St. John's", "Newfoundland and Labrador", "CA"), 1),  # or in Antigua
    found("St Petersburg, FL", ("St. Petersburg", "Florida", "US")),
    found("St Louis", ("St. Louis", "Missouri", "US"), 4),
    found("Saint Louis, Senegal", ("Saint-Louis", "Saint-Louis", "SN")),
    found("Saint Etienne", ("Saint-Étienne", "Auvergne-Rhône-Alpes", "FR")),
    found("aix en provence", ("Aix-en-Provence", "Provence-Alpes-Côte-d\u2019Azur", "FR")),
    found("Saint Étienne", ("Saint-Étienne", "Auvergne-Rhône-Alpes", "FR")),  # not Saint-Étienne-du-Rouvray
    found("Saint André", ("Saint-André", "Reunion", "RE"), 2),
    found("Aix-la-Chapelle", ("Aachen", "North Rhine-Westphalia", "DE")),
    unknown("Aix la Chapelle"),  # other names are found as they are written
    found("Stratford upon Avon", ("Stratford-upon-Avon", "England", "GB")),
    found("Winston Salem", ("Winston-Salem", "North Carolina", "US")),
    found("Xi'an", ("Xi\u2019an", "Shaanxi", "CN")),
    found("L\u2019Aquila", ("L'Aquila", "Abruzzo", "IT")),
    found("Düsseldorf", ("Düsseldorf", "North Rhine-Westphalia", "DE")),
    found("Dusseldorf", ("Düsseldorf", "North Rhine-Westphalia", "DE")),
    found("Lodz", ("Łódź", "Łódź Voivodeship", "PL")),
    found("Morón", ("Morón", "Buenos Aires", "AR"), 3),
    found("Mörön", ("Mörön", "Hövsgöl", "MN")),
    found("\u0130stanbul", ("Istanbul", "\u0130stanbul", "TR")),
    found("\u0130STANBUL", ("Istanbul", "\u0130stanbul", "TR"), country="Türkiye"),
    found("\u0130ZM\u0130R", ("\u0130zmir", "\u0130zmir", "TR")),
    found("D\u0130YARBAKIR", ("Diyarbak\u0131r", "Diyarbak\u0131r", "TR")),
    found("Moron, Mongolia", ("Mörön", "Hövsgöl", "MN")),
]

NOT_IN_THE_GAZETTEER = [
    unknown("Oberammergau"),  # a village of 5,000
    unknown("Nowhereville"),
    unknown("12345", country="US"),
    unknown("Phoenix City"),  # GeoNames has it as a name of Warsaw
    unknown("Paris", country="Germany"),  # exists, but not there
    unknown("Paris, Germany"),
    unknown("Springfield", region="Ontario", country="CA"),
    unknown("London, France", country="GB"),
    unknown("Paris", country="Atlantis"),  # nothing shows that Paris lies there
    unknown("Paris", region="Greene County"),
    unknown("Paris, Atlantis"),
    unknown(""),
    unknown(",FR"),
]

COUNTRIES_ALONE = [
    *(
        unknown(name)
        for name in ("India", "INDIA", "Ireland", "Chile", "Egypt", "Benin", "Palau", "Nicaragua", "Kosovo")
    ),
    found("Mali", ("Mali", "Gansu Sheng", "CN"), 1),  # really called so; the country is the other one
    found("Jordan", ("Jordan", "Yau Tsim Mong District", "HK"), 1),
    found("Armenia", ("Armenia", "Quindío", "CO"), 1),
    found("Holland", ("Holland", "Michigan", "US"), 1),
    found("Salvador", ("Salvador", "Bahia", "BR"), 1),  # San Salvador is the other one
    found("Jordan", ("Jordan", "Yau Tsim Mong District", "HK"), country="HK"),
    found("Luxembourg", ("Luxembourg", "Luxembourg", "LU")),
    found("Monaco", ("Monaco", "", "MC")),
    found("Djibouti", ("Djibouti", "Djibouti", "DJ")),
    found("Panama", ("Panama City", "Panamá", "PA")),
    found("Panamá", ("Panama City", "Panamá", "PA")),
    found("Guatemala", ("Guatemala City", "Guatemala", "GT")),
    found("Kuwait", ("Kuwait City", "Al \u2018Āşimah", "KW")),
    found("México", ("Mexico City", "Mexico City", "MX")),
    found("San Marino", ("San Marino", "San Marino", "SM")),
    found("Belize", ("Belize City", "Belize", "BZ"), 1),  # Angola's is smaller
    found("Puerto Rico", ("San Juan", "San Juan", "PR"), 2),
    found("Mozambique", ("Maputo", "Maputo City", "MZ"), 1),  # the other one is the town on the island of that name
    found("Mozambique, MZ", ("Mozambique", "Nampula", "MZ"), 1),
]

FORMER_NAMES = [  # which GeoNames lists for towns of the US; those of today are too small for the gazetteer
    *(unknown(name) for name in ("Dover, OH", "Berlin, OH", "Portland, OH", "Milan, NY", "York, GA", "Quebec, US")),
    unknown("Jacksonville", region="OH"),
    found("Philadelphia, Jordan", ("Amman", "Amman", "JO"), 1),  # its old name is better known elsewhere
]

REGIONS_ALONE = [  # the region is the other one that may be meant
    found("Ontario", ("Ontario", "California", "US"), 1),
    found("Virginia", ("Virginia", "Free State", "ZA"), 1),
    found("Delaware", ("Delaware", "Ohio", "US"), 1),
    found("Québec", ("Québec", "Quebec", "CA")),  # lies in it
    found("Hamburg", ("Hamburg", "Hamburg", "DE")),
    found("Wyoming, US", ("Wyoming", "Michigan", "US"), 3),
    found("Wyoming, Michigan, US", ("Wyoming", "Michigan", "US")),
    found("Oregon", ("Oregon", "Ohio", "US"), 3, country="USA"),
    found("Jalisco, MX", ("Xalisco", "Nayarit", "MX"), 3),
    found("Henan, CN", ("Hengyang", "Hunan", "CN"), 2),  # another name of a large city
    found("Buenos Aires, AR", ("Buenos Aires", "Buenos Aires F.D.", "AR")),  # beside the province
    found("México, MX", ("Mexico City", "Mexico City", "MX")),  # beside the state
    found("Cumbria", ("Cumberland", "Maryland", "US"), 1),
    found("Cornwall", ("Cornwall", "Ontario", "CA"), 2),
    found("Africa", ("Mahdia", "Mahdia", "TN"), 2),
]

SMALL_NAMESAKES = [  # which the gazetteer has because a name of a larger place may mean them
    found("Side, TR", ("Side", "Antalya", "TR"), 1),  # Fatsa was called so long ago
    found("Chinon", ("Ginowan", "Okinawa", "JP"), 1),
    found("Lech", ("Lecco", "Lombardy", "IT"), 2),
    found("Briston, UK", ("Bristol", "England", "GB"), 1),
    found("London, US", ("London", "Ohio", "US"), 2),  # not the smaller one in California
    found("Halle, Deutschland", ("Halle (Saale)", "Saxony-Anhalt", "DE"), 1),
    found("Delhi", ("Delhi", "Delhi", "IN")),  # not Dili, though GeoNames calls it so, too
    found("Oban", ("Oban", "Scotland", "GB"), 1),
    found("Los Alamos", ("Los Álamos", "Biobío", "CL"), 1),
    found("Fátima", ("Fátima", "Bahia", "BR"), 2),
    found("Lindsay, CA", ("Lindsay", "Ontario", "CA"), 1),
    found("Altdorf, BY", ("Altdorf", "Bavaria", "DE"), 1),  # Altdorf bei Nürnberg is another one
    found("Neustadt, Bayern", ("Bad Neustadt an der Saale", "Bavaria", "DE"), 4),
    found("Clermont, FR", ("Clermont-Ferrand", "Auvergne-Rhône-Alpes", "FR"), 2),
    found("Turi, IT", ("Turin", "Piedmont", "IT"), 1),
    found("Newcastle, GB", ("Newcastle upon Tyne", "England", "GB"), 1),
    found("Saint Louis, US", ("St. Louis", "Missouri", "US")),  # the same name in another spelling
    found("Mont-Dore, FR", ("Mont-Dore", "South Province", "NC"), 1),  # or in the Puy-de-Dôme
    found("Tehran, Iran", ("Tehran", "Tehrān", "IR")),  # not Tīrān, though GeoNames calls it so, too
    found("Bruges", ("Brugge", "Flanders", "BE")),  # not the small French town
    found("San Marino", ("San Marino", "San Marino", "SM")),  # nor the one in California
]

OF_NAMESAKES = [  # names in other scripts, which GeoNames has for the smaller town only
    found("华盛顿", ("Washington", "District of Columbia", "US"), 1),
    found("バーミンハム", ("Birmingham", "England", "GB"), 1),
    found("모스코", ("Moscow", "Moscow", "RU"), 1),
    found("City of Austin", ("Austin", "Texas", "US"), 1),
]

COUNTRIES_IN_OTHER_LANGUAGES = [  # the country is the other one
    found("Armenien", ("Armenia", "Quindío", "CO"), 1),
    found("Marruecos", ("Padre Hurtado", "Santiago Metropolitan", "CL"), 1),
    found("Бенин", ("Benin City", "Edo", "NG"), 1),
    found("Grenade", ("Granada", "Andalusia", "ES"), 2),
    found("Luxemburg", ("Luxembourg", "Luxembourg", "LU"), 1),
    found("Тунис", ("Tunis", "Tunis", "TN")),
]

IN_ADDRESSES = [
    found("Paris (TX)", ("Paris", "Texas", "US")),
    found("Frankfurt (Oder)", ("Frankfurt (Oder)", "Brandenburg", "DE")),
    found("Biel/Bienne", ("Biel/Bienne", "Bern", "CH")),
    found("São Paulo/SP", ("São Paulo", "São Paulo", "BR")),
    found("Paris - France", ("Paris", "Île-de-France", "FR")),
    found("Portland Oregon", ("Portland", "Oregon", "US")),
    found("St. Louis MO", ("St. Louis", "Missouri", "US")),
    found("Kansas City Kansas", ("Kansas City", "Kansas", "US")),
    found("Charleston West Virginia", ("Charleston", "West Virginia", "US")),
    found("75001 Paris", ("Paris", "Île-de-France", "FR"), country="FR"),
    found("D-10115 Berlin", ("Berlin", "Berlin", "DE")),
    found("Boston, MA 02108", ("Boston", "Massachusetts", "US")),
    found("London SW1A 1AA, UK", LONDON),
    found("Sydney NSW 2000", ("Sydney", "New South Wales", "AU")),
    found("Los Angeles city, California", ("Los Angeles", "California", "US")),
    found("Ottawa, ON K1A 0B1", ("Ottawa", "Ontario", "CA")),
    found("City of Toronto", ("Toronto", "Ontario", "CA")),
    found("Landeshauptstadt München", ("Munich", "Bavaria", "DE")),
    found("Birmingham", ("Birmingham", "England", "GB"), region="Birmingham", country="UK"),
    unknown("Springfield (Ontario)"),
    unknown("12345"),
]

CODES_ALONE = [  # the airport, or whatever has the code, is the other one
    found("BER", ("Véroia", "Central Macedonia", "GR"), 1),
    found("KUL", ("Kula", "Manisa", "TR"), 1),
    found("NYC", ("New York City", "New York", "US")),
    found("Rio", ("Rio de Janeiro", "Rio de Janeiro", "BR")),
]

WITH_COORDINATES = [
    located("Springfield", 39.8, -89.64, ("Springfield", "Illinois", "US")),
    located("Springfield", 42.1, -72.6, ("Springfield", "Massachusetts", "US"), "US"),
    located("Paris, TX", 33.66, -95.55, ("Paris", "Texas", "US")),
    located("Paris", 33.66, -95.55, ("Paris", "Texas", "US"), "Atlantis"),
    located("Paris", 0.5, 0.5, None),  # another Paris, in the sea
    located("Paris", 2.35, 48.85, None),  # swapped
    located("New York", 40.7, 74.0, None),  # without its sign
    located("Paris", 49.2, 2.35, ("Paris", "Île-de-France", "FR")),  # 39 km from its centre
    located("Paris", 49.31, 2.35, None),  # 51 km
    located("Oberammergau", 47.6, 11.06, None),
    located("", 43.77, 11.25, ("Florence", "Tuscany", "IT")),
    located("", 78.22, 15.65, ("Longyearbyen", "Svalbard", "SJ")),
    located("", 78.30, 15.65, ("Longyearbyen", "Svalbard", "SJ")),  # 9 km from it
    located("", 78.32, 15.65, None),  # 11 km
    located("", 0.5, 0.5, None),
]

CASES = [
    *CAPITALS, *NAMESAKES, *WITH_STATES, *WITH_COUNTRIES, *WITH_COUNTIES, *IN_OTHER_LANGUAGES, *SHORTENED,
    *OTHER_NAMES_AND_SCRIPTS, *SPELLINGS, *FORMER_NAMES, *REGIONS_ALONE,
    *SMALL_NAMESAKES, *OF_NAMESAKES, *COUNTRIES_IN_OTHER_LANGUAGES, *CODES_ALONE, *IN_ADDRESSES,
    *NOT_IN_THE_GAZETTEER, *COUNTRIES_ALONE, *WITH_COORDINATES,
]  # fmt: skip
