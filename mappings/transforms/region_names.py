"""States, provinces and cantons by country, as addresses use them: ``code=name|other names``, the first one written.

English names and codes (ISO 3166-2, without the country) are those of the Unicode CLDR 48 (see NOTICE); the names in
the languages of the countries, and the codes the US mail has for its forces abroad, were added.
"""

REGIONS = {
    "AR": """
    A=Salta; B=Buenos Aires|Provincia de Buenos Aires|Buenos Aires Province; C=Ciudad Autónoma de Buenos
    Aires|CABA|Capital Federal; D=San Luis; E=Entre Ríos; F=La Rioja; G=Santiago del Estero; H=Chaco; J=San Juan;
    K=Catamarca; L=La Pampa; M=Mendoza; N=Misiones; P=Formosa; Q=Neuquén; R=Río Negro; S=Santa Fe; T=Tucumán;
    U=Chubut; V=Tierra del Fuego; W=Corrientes; X=Córdoba; Y=Jujuy; Z=Santa Cruz
    """,
    "AT": """
    1=Burgenland; 2=Kärnten|Carinthia; 3=Niederösterreich|Lower Austria; 4=Oberösterreich|Upper Austria; 5=Salzburg;
    6=Steiermark|Styria; 7=Tirol|Tyrol; 8=Vorarlberg; 9=Wien|Vienna
    """,
    "AU": """
    ACT=Australian Capital Territory; NSW=New South Wales; NT=Northern Territory; QLD=Queensland; SA=South
    Australia; TAS=Tasmania; VIC=Victoria; WA=Western Australia
    """,
    "BR": """
    AC=Acre; AL=Alagoas; AM=Amazonas; AP=Amapá; BA=Bahia; CE=Ceará; DF=Distrito Federal|Federal District;
    ES=Espírito Santo; GO=Goiás; MA=Maranhão; MG=Minas Gerais; MS=Mato Grosso do Sul; MT=Mato Grosso; PA=Pará;
    PB=Paraíba; PE=Pernambuco; PI=Piauí; PR=Paraná; RJ=Rio de Janeiro; RN=Rio Grande do Norte; RO=Rondônia;
    RR=Roraima; RS=Rio Grande do Sul; SC=Santa Catarina; SE=Sergipe; SP=São Paulo; TO=Tocantins
    """,
    "CA": """
    AB=Alberta; BC=British Columbia; MB=Manitoba; NB=New Brunswick; NL=Newfoundland and
    Labrador|Newfoundland|Terre-Neuve-et-Labrador; NS=Nova Scotia; NT=Northwest Territories; NU=Nunavut; ON=Ontario;
    PE=Prince Edward Island|PEI|Île-du-Prince-Édouard; QC=Quebec; SK=Saskatchewan; YT=Yukon|Yukon Territory
    """,
    "CH": """
    AG=Aargau; AI=Appenzell Innerrhoden; AR=Appenzell Ausserrhoden; BE=Bern|Berne; BL=Basel-Landschaft|Baselland;
    BS=Basel-Stadt|Bâle-Ville; FR=Fribourg|Freiburg; GE=Genève|Genf|Geneva; GL=Glarus;
    GR=Graubünden|Grisons|Grigioni; JU=Jura; LU=Luzern|Lucerne; NE=Neuchâtel|Neuenburg; NW=Nidwalden; OW=Obwalden;
    SG=St. Gallen; SH=Schaffhausen; SO=Solothurn; SZ=Schwyz; TG=Thurgau; TI=Ticino|Tessin; UR=Uri; VD=Vaud|Waadt;
    VS=Valais|Wallis; ZG=Zug; ZH=Zürich
    """,
    "CL": """
    AI=Aysén; AN=Antofagasta; AP=Arica y Parinacota; AR=Araucanía; AT=Atacama; BI=Bío Bío; CO=Coquimbo;
    LI=O'Higgins|Libertador General Bernardo O'Higgins; LL=Los Lagos; LR=Los Ríos; MA=Magallanes; ML=Maule;
    NB=Ñuble; RM=Región Metropolitana de Santiago|Región Metropolitana|Metropolitana|Santiago Metropolitan;
    TA=Tarapacá; VS=Valparaíso
    """,
    "CN": """
    AH=Anhui; BJ=Beijing; CQ=Chongqing; FJ=Fujian; GD=Guangdong; GS=Gansu; GX=Guangxi; GZ=Guizhou; HA=Henan;
    HB=Hubei; HE=Hebei; HI=Hainan; HL=Heilongjiang; HN=Hunan; JL=Jilin; JS=Jiangsu; JX=Jiangxi; LN=Liaoning;
    NM=Inner Mongolia; NX=Ningxia; QH=Qinghai; SC=Sichuan; SD=Shandong; SH=Shanghai; SN=Shaanxi; SX=Shanxi;
    TJ=Tianjin; XJ=Xinjiang; XZ=Tibet; YN=Yunnan; ZJ=Zhejiang
    """,
    "CO": """
    AMA=Amazonas; ANT=Antioquia; ARA=Arauca; ATL=Atlántico; BOL=Bolívar; BOY=Boyacá; CAL=Caldas; CAQ=Caquetá;
    CAS=Casanare; CAU=Cauca; CES=Cesar; CHO=Chocó; COR=Córdoba; CUN=Cundinamarca; DC=Bogotá|Bogotá D.C.|Distrito
    Capital|Capital District; GUA=Guainía; GUV=Guaviare; HUI=Huila; LAG=La Guajira; MAG=Magdalena; MET=Meta;
    NAR=Nariño; NSA=Norte de Santander; PUT=Putumayo; QUI=Quindío; RIS=Risaralda; SAN=Santander; SAP=San Andrés y
    Providencia|San Andrés|San Andrés & Providencia; SUC=Sucre; TOL=Tolima; VAC=Valle del Cauca; VAU=Vaupés;
    VID=Vichada
    """,
    "DE": """
    BB=Brandenburg; BE=Berlin; BW=Baden-Württemberg; BY=Bayern|Bavaria; HB=Bremen; HE=Hessen|Hesse; HH=Hamburg;
    MV=Mecklenburg-Vorpommern; NI=Niedersachsen|Lower Saxony; NW=Nordrhein-Westfalen|North Rhine-Westphalia;
    RP=Rheinland-Pfalz|Rhineland-Palatinate; SH=Schleswig-Holstein; SL=Saarland; SN=Sachsen|Saxony;
    ST=Sachsen-Anhalt|Saxony-Anhalt; TH=Thüringen|Thuringia
    """,
    "ES": """
    A=Alicante|Alacant; AB=Albacete; AL=Almería; AV=Ávila; B=Barcelona; BA=Badajoz; BI=Bizkaia|Vizcaya|Biscay;
    BU=Burgos; C=A Coruña|La Coruña; CA=Cádiz; CC=Cáceres; CE=Ceuta; CO=Córdoba; CR=Ciudad Real;
    CS=Castellón|Castelló; CU=Cuenca; GC=Las Palmas; GI=Girona|Gerona; GR=Granada; GU=Guadalajara; H=Huelva;
    HU=Huesca; J=Jaén; L=Lleida|Lérida; LE=León; LO=La Rioja; LU=Lugo; M=Madrid; MA=Málaga; ML=Melilla; MU=Murcia;
    NA=Navarra|Navarre; O=Asturias; OR=Ourense|Orense; P=Palencia; PM=Illes Balears|Baleares|Islas Baleares|Balearic
    Islands|Balears; PO=Pontevedra; S=Cantabria; SA=Salamanca; SE=Sevilla|Seville; SG=Segovia; SO=Soria;
    SS=Gipuzkoa|Guipúzcoa; T=Tarragona; TE=Teruel; TF=Santa Cruz de Tenerife; TO=Toledo; V=Valencia|València;
    VA=Valladolid; VI=Álava|Araba|Araba/Álava; Z=Zaragoza; ZA=Zamora
    """,
    "IN": """
    AN=Andaman and Nicobar Islands; AP=Andhra Pradesh; AR=Arunachal Pradesh; AS=Assam; BR=Bihar; CG=Chhattisgarh;
    CH=Chandigarh; DH=Dadra and Nagar Haveli and Daman and Diu; DL=Delhi; GA=Goa; GJ=Gujarat; HP=Himachal Pradesh;
    HR=Haryana; JH=Jharkhand; JK=Jammu and Kashmir; KA=Karnataka; KL=Kerala; LA=Ladakh; LD=Lakshadweep;
    MH=Maharashtra; ML=Meghalaya; MN=Manipur; MP=Madhya Pradesh; MZ=Mizoram; NL=Nagaland; OD=Odisha|Orissa;
    PB=Punjab; PY=Puducherry; RJ=Rajasthan; SK=Sikkim; TN=Tamil Nadu; TR=Tripura; TS=Telangana;
    UK=Uttarakhand|Uttaranchal; UP=Uttar Pradesh; WB=West Bengal
    """,
    "IT": """
    AG=Agrigento; AL=Alessandria; AN=Ancona; AO=Aosta; AP=Ascoli Piceno; AQ=L'Aquila; AR=Arezzo; AT=Asti;
    AV=Avellino; BA=Bari; BG=Bergamo; BI=Biella; BL=Belluno; BN=Benevento; BO=Bologna; BR=Brindisi; BS=Brescia;
    BT=Barletta-Andria-Trani; BZ=Bolzano|Bozen|Südtirol|Alto Adige|South Tyrol; CA=Cagliari; CB=Campobasso;
    CE=Caserta; CH=Chieti; CI=Carbonia-Iglesias; CL=Caltanissetta; CN=Cuneo; CO=Como; CR=Cremona; CS=Cosenza;
    CT=Catania; CZ=Catanzaro; EN=Enna; FC=Forlì-Cesena; FE=Ferrara; FG=Foggia; FI=Firenze|Florence; FM=Fermo;
    FR=Frosinone; GE=Genova|Genoa; GO=Gorizia; GR=Grosseto; IM=Imperia; IS=Isernia; KR=Crotone; LC=Lecco; LE=Lecce;
    LI=Livorno; LO=Lodi; LT=Latina; LU=Lucca; MB=Monza e Brianza|Monza e della Brianza|Monza|Monza and Brianza;
    MC=Macerata; ME=Messina; MI=Milano|Milan; MN=Mantova|Mantua; MO=Modena; MS=Massa-Carrara|Massa e Carrara|Massa
    and Carrara; MT=Matera; NA=Napoli|Naples; NO=Novara; NU=Nuoro; OG=Ogliastra; OR=Oristano; OT=Olbia-Tempio;
    PA=Palermo; PC=Piacenza; PD=Padova|Padua; PE=Pescara; PG=Perugia; PI=Pisa; PN=Pordenone; PO=Prato; PR=Parma;
    PT=Pistoia; PU=Pesaro e Urbino|Pesaro and Urbino; PV=Pavia; PZ=Potenza; RA=Ravenna; RC=Reggio Calabria|Reggio di
    Calabria; RE=Reggio Emilia|Reggio nell'Emilia; RG=Ragusa; RI=Rieti; RM=Roma|Rome; RN=Rimini; RO=Rovigo;
    SA=Salerno; SI=Siena; SO=Sondrio; SP=La Spezia; SR=Siracusa|Syracuse; SS=Sassari; SU=Sud Sardegna; SV=Savona;
    TA=Taranto; TE=Teramo; TN=Trento|Trentino; TO=Torino|Turin; TP=Trapani; TR=Terni; TS=Trieste; TV=Treviso;
    UD=Udine; VA=Varese; VB=Verbano-Cusio-Ossola; VC=Vercelli; VE=Venezia|Venice; VI=Vicenza; VR=Verona; VS=Medio
    Campidano; VT=Viterbo; VV=Vibo Valentia
    """,
    "JP": """
    01=Hokkaidō|北海道; 02=Aomori|青森県; 03=Iwate|岩手県; 04=Miyagi|宮城県; 05=Akita|秋田県; 06=Yamagata|山形県;
    07=Fukushima|福島県; 08=Ibaraki|茨城県; 09=Tochigi|栃木県; 10=Gunma|群馬県; 11=Saitama|埼玉県; 12=Chiba|千葉県;
    13=Tokyo|東京都; 14=Kanagawa|神奈川県; 15=Niigata|新潟県; 16=Toyama|富山県; 17=Ishikawa|石川県; 18=Fukui|福井県;
    19=Yamanashi|山梨県; 20=Nagano|長野県; 21=Gifu|岐阜県; 22=Shizuoka|静岡県; 23=Aichi|愛知県; 24=Mie|三重県;
    25=Shiga|滋賀県; 26=Kyōto|京都府; 27=Ōsaka|大阪府; 28=Hyōgo|兵庫県; 29=Nara|奈良県; 30=Wakayama|和歌山県;
    31=Tottori|鳥取県; 32=Shimane|島根県; 33=Okayama|岡山県; 34=Hiroshima|広島県; 35=Yamaguchi|山口県;
    36=Tokushima|徳島県; 37=Kagawa|香川県; 38=Ehime|愛媛県; 39=Kōchi|高知県; 40=Fukuoka|福岡県; 41=Saga|佐賀県;
    42=Nagasaki|長崎県; 43=Kumamoto|熊本県; 44=Ōita|大分県; 45=Miyazaki|宮崎県; 46=Kagoshima|鹿児島県;
    47=Okinawa|沖縄県
    """,
    "MX": """
    AGU=Aguascalientes; BCN=Baja California; BCS=Baja California Sur; CAM=Campeche; CHH=Chihuahua; CHP=Chiapas;
    CMX=Ciudad de México|Mexico City|CDMX|Distrito Federal|D.F.; COA=Coahuila|Coahuila de Zaragoza; COL=Colima;
    DUR=Durango; GRO=Guerrero; GUA=Guanajuato; HID=Hidalgo; JAL=Jalisco; MEX=Estado de México|Mexico State|State of
    Mexico|México|Edomex; MIC=Michoacán|Michoacán de Ocampo; MOR=Morelos; NAY=Nayarit; NLE=Nuevo León; OAX=Oaxaca;
    PUE=Puebla; QUE=Querétaro|Querétaro de Arteaga; ROO=Quintana Roo; SIN=Sinaloa; SLP=San Luis Potosí; SON=Sonora;
    TAB=Tabasco; TAM=Tamaulipas; TLA=Tlaxcala; VER=Veracruz|Veracruz de Ignacio de la Llave; YUC=Yucatán;
    ZAC=Zacatecas
    """,
    "NZ": """
    AUK=Auckland; BOP=Bay of Plenty; CAN=Canterbury; CIT=Chatham Islands; GIS=Gisborne; HKB=Hawke's Bay;
    MBH=Marlborough; MWT=Manawatu-Wanganui; NSN=Nelson; NTL=Northland; OTA=Otago; STL=Southland; TAS=Tasman;
    TKI=Taranaki; WGN=Wellington; WKO=Waikato; WTC=West Coast
    """,
    "US": """
    AA=Armed Forces Americas; AE=Armed Forces Europe; AK=Alaska; AL=Alabama; AP=Armed Forces Pacific; AR=Arkansas;
    AS=American Samoa; AZ=Arizona; CA=California; CO=Colorado; CT=Connecticut; DC=District of Columbia|Washington
    DC|Washington, D.C.; DE=Delaware; FL=Florida; GA=Georgia; GU=Guam; HI=Hawaii; IA=Iowa; ID=Idaho; IL=Illinois;
    IN=Indiana; KS=Kansas; KY=Kentucky; LA=Louisiana; MA=Massachusetts; MD=Maryland; ME=Maine; MI=Michigan;
    MN=Minnesota; MO=Missouri; MP=Northern Mariana Islands; MS=Mississippi; MT=Montana; NC=North Carolina; ND=North
    Dakota; NE=Nebraska; NH=New Hampshire; NJ=New Jersey; NM=New Mexico; NV=Nevada; NY=New York; OH=Ohio;
    OK=Oklahoma; OR=Oregon; PA=Pennsylvania; PR=Puerto Rico; RI=Rhode Island; SC=South Carolina; SD=South Dakota;
    TN=Tennessee; TX=Texas; UT=Utah; VA=Virginia; VI=Virgin Islands|US Virgin Islands|U.S. Virgin Islands;
    VT=Vermont; WA=Washington; WI=Wisconsin; WV=West Virginia; WY=Wyoming
    """,
    "ZA": """
    EC=Eastern Cape; FS=Free State; GP=Gauteng; KZN=KwaZulu-Natal; LP=Limpopo; MP=Mpumalanga; NC=Northern Cape;
    NW=North West; WC=Western Cape
    """,
}
